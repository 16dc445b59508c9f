import { report } from './report.js';
import { drifts } from './scenarios/drift.js';

report('drift', drifts);
