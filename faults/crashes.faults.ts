import { report } from './report.js';
import { crashes } from './scenarios/crashes.js';

report('crashes', crashes);
