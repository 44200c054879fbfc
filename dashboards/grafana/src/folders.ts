// A folder for each reader.

import { say } from './model.js';

export const operations = say('Trung tâm điều hành', 'Operations centre');
export const liaison = say('Phủ sóng di động', 'Mobile coverage');
export const field = say('Hiện trường', 'Field');
export const platform = say('Nền tảng', 'Platform');
