// Before any schema is made.
import '../ui/no-eval.ts';

import '../ui/theme.css';
import { render } from 'preact';
import { keepFocus } from '../ui/keep-focus.ts';
import { language, spokenLanguage } from '../ui/strings/strings.ts';
import { Rescue } from './rescue.tsx';

language.value = spokenLanguage(navigator.languages);
document.documentElement.lang = language.value;
keepFocus();
const root = document.querySelector('#app');
if (root) render(<Rescue />, root);
