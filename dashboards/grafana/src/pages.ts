import type { Page } from './model.js';
import { health } from './health.js';
import { devices } from './devices.js';

/** All pages, in the order in which they link to one another. */
export const pages: Page[] = [devices, health];
