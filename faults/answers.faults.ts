import { report } from './report.js';
import { answers } from './scenarios/answers.js';

report('answers', answers);
