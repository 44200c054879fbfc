// Values that several pages show as words.

import { type ValueWord, bad, good, info, look, say, unknown } from './model.js';

/** What the rule site:phusong_wifi_site_verdict_info:state makes of the verdict on a site. */
export const siteState: ValueWord[] = [
  { value: '0', text: say('Hoạt động', 'Working'), color: good },
  { value: '1', text: say('Hoạt động một phần', 'Partly working'), color: look },
  { value: '2', text: say('Hỏng', 'Failed'), color: bad },
  { value: '3', text: say('Không rõ', 'Unknown'), color: unknown },
];

/** The course of the ten sensors that are highest at the end of the range: hundreds of
 * lines tell nobody anything, and cost most of what a page costs. */
export const highest = (series: string): string =>
  `${series} and on (device) topk(10, ${series} @ end())`;

/** Adds the names of communes. */
export const inArea = (expr: string): string => `(${expr}) * on (area) group_left (name) phusong_area_info`;

export const severities: ValueWord[] = [
  { value: 'critical', text: say('Nghiêm trọng', 'Critical'), color: bad },
  { value: 'warning', text: say('Cảnh báo', 'Warning'), color: look },
  { value: 'info', text: say('Thông tin', 'Info'), color: info },
];

export const causes: ValueWord[] = [
  { value: 'pipeline', text: say('Hệ thống của ta', 'Our own pipeline'), color: bad },
  { value: 'area', text: say('Cả xã, phường', 'Whole commune'), color: bad },
  { value: 'line', text: say('Đường truyền chung', 'Shared line'), color: bad },
  { value: 'site', text: say('Cả điểm', 'Whole site'), color: look },
  { value: 'parent', text: say('Thiết bị cha', 'Uplink or gateway'), color: look },
  { value: 'devices', text: say('Nhiều thiết bị', 'Several devices'), color: look },
  { value: 'device', text: say('Một thiết bị', 'One device'), color: info },
  { value: 'rule', text: say('Vượt ngưỡng', 'A rule'), color: info },
];

/** VN_AQI bands in the colours of Decision 1459/QĐ-TCMT. */
export const airBands: [number, string][] = [
  [51, '#FFFF00'], [101, '#FF7E00'], [151, '#FF0000'], [201, '#8F3F97'], [301, '#7E0023'],
];
export const airGood = '#00E400';

/** Operators by their codes (MCC and MNC). */
export const operators: ValueWord[] = [
  { value: '45201', text: say('MobiFone', 'MobiFone'), color: info },
  { value: '45202', text: say('VinaPhone', 'VinaPhone'), color: info },
  { value: '45204', text: say('Viettel', 'Viettel'), color: info },
  { value: '45205', text: say('Vietnamobile', 'Vietnamobile'), color: info },
  { value: '45207', text: say('Gmobile', 'Gmobile'), color: info },
];
