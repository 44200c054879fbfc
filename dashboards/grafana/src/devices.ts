// Devices and sites: from the province down to one device, by the choices at the top.

import { type Page, bad, good, heading, history, info, instant, look, range, rows, say, stat, steps, table, timeline, timeseries } from './model.js';
import { field } from './folders.js';

const where = 'area=~"$area", kind=~"$kind", site=~"$site", device=~"$device"';
const nearby = 'area=~"$area", kind=~"$kind"';
const none = say('Không có thiết bị nào như vậy trong danh mục', 'The register has no such device');

const up = [
  { value: '1', text: say('Hoạt động', 'Up'), color: good },
  { value: '0', text: say('Không hoạt động', 'Down'), color: bad },
];

export const devices: Page = {
  uid: 'devices',
  folder: field,
  title: say('Thiết bị và điểm', 'Devices and sites'),
  description: say('Cho người đi sửa: thiết bị nào im lặng, từ khi nào, ở đâu.', 'For whoever goes and repairs: which device is silent, since when, where.'),
  choices: [
    { name: 'area', label: say('Xã, phường', 'Commune'), metric: 'phusong_device_up', of: 'area' },
    { name: 'kind', label: say('Loại', 'Kind'), metric: 'phusong_device_up', of: 'kind' },
    { name: 'site', label: say('Điểm', 'Site'), metric: 'phusong_device_up{area=~"$area"}', of: 'site' },
    { name: 'device', label: say('Thiết bị', 'Device'), metric: 'phusong_device_up{area=~"$area", kind=~"$kind", site=~"$site"}', of: 'device' },
  ],
  refresh: '10s',
  from: 'now-24h',
  blocks: [
    stat({
      title: say('Thiết bị của xã, phường', 'Devices in the commune'), width: 6, height: 4, unit: 'short',
      description: say('Thiết bị đã đăng ký, theo xã, phường và loại đã chọn.', 'Registered devices, by the commune and kind that are chosen.'),
      queries: [instant(`sum(phusong_area_devices{${nearby}})`)],
      thresholds: steps(info), empty: none,
    }),
    stat({
      title: say('Không hoạt động', 'Down'), width: 6, height: 4, unit: 'short', filled: true,
      description: say('Thiết bị im lặng, báo ngắt, hoặc chưa từng gửi. Danh sách ở dưới, lâu nhất trước.', 'Devices that are silent, said goodbye, or never spoke. The list is below, longest first.'),
      queries: [instant(`count(device:phusong_device_up:down{${where}}) or (vector(0) and on () count(phusong_area_devices) > 0)`)],
      thresholds: steps(good, [1, look], [20, bad]), empty: none,
    }),
    stat({
      title: say('Tỷ lệ hoạt động của xã, phường', 'Share up in the commune'), width: 6, height: 4, unit: 'percentunit', decimals: 1, min: 0, max: 1, spark: true,
      description: say('Theo xã, phường và loại đã chọn, kể cả khi chỉ xem một điểm: cả nơi đó có hỏng không.', 'By commune and kind, also when a single site is chosen: whether the whole place is down.'),
      queries: [range(`(sum(phusong_area_devices{${nearby}, state=~"up|late"}) or 0 * sum(phusong_area_devices{${nearby}})) / sum(phusong_area_devices{${nearby}})`, say('hoạt động', 'up'))],
      thresholds: steps(bad, [0.9, look], [0.99, good]), empty: none,
    }),
    stat({
      title: say('Tin mới nhất', 'Last heard'), width: 6, height: 4, unit: 'dateTimeFromNow',
      description: say('Bản ghi mới nhất của bất kỳ thiết bị nào trong lựa chọn.', 'The newest reading of any device in the selection.'),
      queries: [instant(`max(phusong_device_last_seen_timestamp_seconds{${where}}) * 1000`)],
      thresholds: steps(info), empty: none,
    }),
    table({
      title: say('Không hoạt động, lâu nhất trước', 'Down, longest first'), width: 24, height: 10, unit: 'none',
      description: say('Chọn một thiết bị để xem lịch sử của nó.', 'Choose a device to see its history.'),
      queries: [rows(`device:phusong_device_last_seen_timestamp_seconds:down{${where}} * 1000`)],
      columns: [
        {
          name: 'device', title: say('Thiết bị', 'Device'),
          links: [{ title: say('Chỉ thiết bị này', 'Only this device'), to: 'devices', with: { device: '${__value.raw}' } }],
        },
        { name: 'kind', title: say('Loại', 'Kind') },
        { name: 'site', title: say('Điểm', 'Site'), links: [{ title: say('Cả điểm', 'The whole site'), to: 'devices', with: { site: '${__value.raw}' } }] },
        { name: 'area', title: say('Xã, phường', 'Commune') },
        { name: 'Value', title: say('Tin mới nhất', 'Last heard'), unit: 'dateTimeAsIso' },
      ],
      sort: { column: say('Tin mới nhất', 'Last heard'), desc: false },
      empty: say('Mọi thiết bị đều hoạt động', 'Every device is up'),
    }),
    timeline({
      title: say('Thiết bị không ổn định', 'Devices that were down'), width: 24, height: 10, unit: 'none',
      description: say('Hai mươi thiết bị ngắt lâu nhất trong khoảng thời gian; chỉ vẽ lúc ngắt. Đứt đoạn nhiều lần: nguồn điện hoặc đường truyền.', 'The twenty devices that were down longest in the range; only that is drawn. Many short pieces: power or uplink.'),
      queries: [range(`device:phusong_device_up:down{${where}} and on (device) topk(20, count_over_time(device:phusong_device_up:down{${where}}[$__range] @ end()))`, '{{device}}')],
      words: up, empty: say('Không có thiết bị nào ngắt', 'No device was down'),
    }),
    heading('Đo được ở thiết bị đã chọn', 'Measured by the selected devices'),
    timeseries({
      title: say('Người dùng Wi-Fi', 'Wi-Fi clients'), width: 8, height: 8, unit: 'short', min: 0,
      description: say('Số máy kết nối, tối đa mỗi bước thời gian.', 'Connected clients, the most in each step.'),
      queries: [history(`SELECT max("clients") FROM "wifi" WHERE $timeFilter AND "area" =~ /^$area$/ AND "device" =~ /^$device$/ GROUP BY time($__interval), "device" fill(none)`, '$tag_device')],
      empty: say('Lựa chọn không có điểm truy cập', 'No access point in the selection'),
    }),
    timeseries({
      title: say('Tốc độ tải về di động', 'Mobile download'), width: 8, height: 8, unit: 'Mbits', min: 0,
      description: say('Trung vị mỗi bước thời gian. Mục tiêu là 40 Mbit/s.', 'Median of each step. The target is 40 Mbit/s.'),
      queries: [history(`SELECT median("download_mbps") FROM "mobile" WHERE $timeFilter AND "area" =~ /^$area$/ AND "device" =~ /^$device$/ GROUP BY time($__interval), "device" fill(none)`, '$tag_device')],
      thresholds: steps(bad, [40, good]),
      empty: say('Lựa chọn không có máy đo', 'No probe in the selection'),
    }),
    timeseries({
      title: say('Bụi mịn PM2,5', 'PM2.5'), width: 8, height: 8, unit: 'conμgm3', min: 0,
      description: say('Trung bình mỗi bước thời gian, chưa qua kiểm tra chất lượng.', 'Mean of each step, before any quality check.'),
      queries: [history(`SELECT mean("pm25_ugm3") FROM "environment" WHERE $timeFilter AND "area" =~ /^$area$/ AND "device" =~ /^$device$/ AND "pm25_ugm3" >= 0 GROUP BY time($__interval), "device" fill(none)`, '$tag_device')],
      empty: say('Lựa chọn không có cảm biến', 'No sensor in the selection'),
    }),
  ],
};
