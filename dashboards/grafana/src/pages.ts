import type { Page } from './model.js';
import { coverage } from './coverage.js';
import { devices } from './devices.js';
import { environment } from './environment.js';
import { health } from './health.js';
import { wall } from './wall.js';
import { wifi } from './wifi.js';

/** All pages, in the order in which they link to one another. */
export const pages: Page[] = [wall, wifi, coverage, environment, devices, health];
