// For each test file, before it is loaded.
import { installCleanUp } from './clean-up.js';

installCleanUp();
