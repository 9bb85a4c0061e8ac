import { z } from 'zod';

/**
 * zod tries whether it may compile schemas to code; a strict Content-Security-Policy refuses that, and reports it each
 * time. A page imports this before any schema is made.
 */
z.config({ jitless: true });
