import { z } from 'zod';

/**
 * zod tries whether it may compile schemas to code; a strict Content-Security-Policy refuses that, and reports it each
 * time.
 */
z.config({ jitless: true });
