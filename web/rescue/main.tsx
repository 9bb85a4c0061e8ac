// Before any schema is made.
import '../ui/no-eval.ts';

import '../ui/theme.css';
import { render } from 'preact';
import { Rescue } from './rescue.tsx';

const root = document.querySelector('#app');
if (root) render(<Rescue />, root);
