// Environment: air, noise, heat and water, by the Vietnamese rules.

import { type Page, bad, geomap, good, heading, history, info, instant, look, range, rows, say, stat, steps, table, timeseries } from './model.js';
import { operations } from './folders.js';
import { airBands, airGood, highest, inArea } from './words.js';

const where = 'area=~"$area"';
const noSensor = say('Không có cảm biến trong lựa chọn', 'No sensor in the selection');
const notAnHour = say('Chưa đủ một giờ số liệu', 'Not an hour of data yet');

export const environment: Page = {
  uid: 'environment',
  folder: operations,
  title: say('Môi trường', 'Environment'),
  description: say('VN_AQI (tham khảo, trừ trạm chuẩn), vượt quy chuẩn, tiếng ồn, nóng, nước.', 'VN_AQI (indicative but for reference stations), exceedances, noise, heat, water.'),
  choices: [{ name: 'area', label: say('Xã, phường', 'Commune'), metric: 'phusong_sensor_completeness_ratio', of: 'area' }],
  refresh: '1m',
  from: 'now-3d',
  blocks: [
    geomap({
      title: say('VN_AQI giờ', 'Hourly VN_AQI'), width: 12, height: 14, unit: 'none', decimals: 0, label: 'Value',
      description: say('Màu theo Quyết định 1459/QĐ-TCMT. Cảm biến bị nghi ngờ không có mặt trên bản đồ.', 'Colours of Decision 1459/QĐ-TCMT. A sensor under suspicion is not on the map.'),
      queries: [rows(`phusong_air_quality_index{${where}} * on (device) group_left (latitude, longitude) phusong_device_position_info`)],
      thresholds: steps(airGood, ...airBands), empty: notAnHour,
      links: [{ title: say('Cảm biến', 'Sensor'), to: 'devices', with: { device: '${__field.labels.device}' } }],
    }),
    stat({
      title: say('AQI xấu nhất', 'Worst AQI'), width: 4, height: 5, unit: 'none', decimals: 0, filled: true,
      description: say('Từ 101: nhóm nhạy cảm nên giảm hoạt động ngoài trời. Từ 151: mọi người.', 'From 101 sensitive people should do less outdoors; from 151 everyone.'),
      queries: [instant(`max(phusong_air_quality_index{${where}})`)],
      thresholds: steps(airGood, ...airBands), empty: notAnHour,
    }),
    stat({
      title: say('Vượt QCVN 05:2023', 'Above QCVN 05:2023'), width: 4, height: 5, unit: 'short', decimals: 0, filled: true,
      description: say('Số trạm có trung bình 1, 8 hoặc 24 giờ vượt giới hạn.', 'Stations with a running mean of 1, 8 or 24 hours above its limit.'),
      queries: [instant(`count(phusong_air_limit_ratio{${where}} > 1) or (vector(0) and on () count(phusong_air_limit_ratio{${where}}) > 0)`)],
      thresholds: steps(good, [1, bad]), empty: notAnHour,
    }),
    stat({
      title: say('Mức báo động lũ', 'Flood alarm'), width: 4, height: 5, unit: 'none', decimals: 0, filled: true,
      description: say('Mức báo động cao nhất ở các trạm mực nước, 0 đến 3.', 'Highest alarm level at the gauges, 0 to 3.'),
      queries: [instant(`max(phusong_water_alarm_level{${where}})`)],
      thresholds: steps(good, [1, look], [2, bad]), empty: say('Không có trạm nào có mức báo động trong danh mục', 'No gauge with alarm levels in the register'),
    }),
    table({
      title: say('Trạm', 'Stations'), width: 12, height: 9, unit: 'none',
      description: say('Xấu nhất trước. Điểm là chất lượng cảm biến trong ngày.', 'Worst first. The score is the quality of the sensor over the day.'),
      queries: [
        rows(`max by (device, area) (phusong_air_quality_index{${where}})`),
        rows(`phusong_air_limit_ratio{${where}}`),
        rows(`phusong_sensor_score_ratio{${where}}`),
      ],
      columns: [
        { name: 'device', title: say('Trạm', 'Station'), links: [{ title: say('Số đo', 'Measurements'), to: 'devices', with: { device: '${__value.raw}' } }] },
        { name: 'area', title: say('Xã, phường', 'Commune') },
        { name: 'Value #A', title: say('AQI', 'AQI'), unit: 'none', decimals: 0, thresholds: steps(airGood, ...airBands) },
        { name: 'Value #B', title: say('So với giới hạn', 'Of the limit'), unit: 'percentunit', decimals: 0, thresholds: steps(good, [0.8, look], [1, bad]) },
        { name: 'Value #C', title: say('Điểm', 'Score'), unit: 'percentunit', decimals: 0, thresholds: steps(bad, [0.5, look], [0.8, good]) },
      ],
      sort: { column: say('AQI', 'AQI'), desc: true },
      thresholds: steps(info), empty: noSensor,
    }),
    timeseries({
      title: say('VN_AQI', 'VN_AQI'), width: 12, height: 8, unit: 'none', decimals: 0, min: 0,
      description: say('Mười trạm cao nhất lúc này, theo giờ đã đóng.', 'The ten stations that are highest now, by closed hours.'),
      queries: [range(highest(`phusong_air_quality_index{${where}}`), '{{device}}')],
      thresholds: steps(airGood, ...airBands), empty: notAnHour,
    }),
    timeseries({
      title: say('PM2,5 đo được', 'PM2.5 as measured'), width: 12, height: 8, unit: 'conμgm3', min: 0,
      description: say('Trung bình mỗi bước thời gian theo xã, từ kho lịch sử, chưa qua kiểm tra chất lượng.', 'Mean of each step by commune, out of the history, before any quality check.'),
      queries: [history('SELECT mean("pm25_ugm3") FROM "environment" WHERE $timeFilter AND "area" =~ /^$area$/ AND "pm25_ugm3" >= 0 GROUP BY time($__interval), "area" fill(none)', '$tag_area')],
      empty: noSensor,
    }),
    heading('Ồn, nóng, nước', 'Noise, heat, water'),
    timeseries({
      title: say('Ồn so với giới hạn', 'Noise above the limit'), width: 8, height: 8, unit: 'dB',
      description: say('LAeq giờ trừ giới hạn của khu vực và khung giờ, mười nơi ồn nhất lúc này. Trên 0 là vượt.', 'Hourly LAeq minus the limit of zone and hour, where it is loudest now (ten). Above 0 is too loud.'),
      queries: [range(highest(`phusong_noise_excess_decibels{${where}}`), '{{device}}')],
      thresholds: steps(good, [0, bad]), empty: notAnHour,
    }),
    timeseries({
      title: say('Chỉ số nóng', 'Heat index'), width: 8, height: 8, unit: 'celsius',
      description: say('Mười nơi nóng nhất lúc này. Từ 41 °C nguy hiểm cho người làm việc ngoài trời.', 'Where it is hottest now (ten). From 41 °C dangerous for people who work outdoors.'),
      queries: [range(highest(`phusong_heat_index_celsius{${where}}`), '{{device}}')],
      thresholds: steps(good, [32, look], [41, bad]), empty: noSensor,
    }),
    timeseries({
      title: say('Mực nước', 'Water level'), width: 8, height: 8, unit: 'lengthm',
      description: say('Ở các trạm mực nước.', 'At the gauges.'),
      queries: [range(`phusong_water_level_meters{${where}}`, '{{device}}')],
      empty: say('Không có trạm mực nước', 'No gauge'),
    }),
    heading('Chất lượng cảm biến', 'Quality of the sensors'),
    table({
      title: say('Dấu hiệu đang có', 'Flags that hold'), width: 12, height: 8, unit: 'none',
      description: say('Giá trị có dấu hiệu không gây cảnh báo và không vào chỉ số.', 'A flagged value raises no alert and enters no index.'),
      queries: [rows(inArea(`phusong_sensor_flagged{${where}}`))],
      columns: [
        { name: 'device', title: say('Cảm biến', 'Sensor'), links: [{ title: say('Số đo', 'Measurements'), to: 'devices', with: { device: '${__value.raw}' } }] },
        { name: 'flag', title: say('Dấu hiệu', 'Flag') },
        { name: 'name', title: say('Xã, phường', 'Commune') },
      ],
      sort: { column: say('Dấu hiệu', 'Flag'), desc: false },
      thresholds: steps(info), empty: say('Không có dấu hiệu nào', 'No flag'),
    }),
    timeseries({
      title: say('Độ đầy đủ', 'Completeness'), width: 12, height: 8, unit: 'percentunit', min: 0, max: 1,
      description: say('Phần số liệu phải có trong ngày đã đến. Dưới 75 % thì không có trung bình giờ.', 'Share of the readings owed in the day that came. Below 75 % an hour has no mean.'),
      queries: [range(`avg(phusong_sensor_completeness_ratio{${where}})`, say('đã đến', 'came')), range(`avg(phusong_sensor_score_ratio{${where}})`, say('dùng được', 'usable'))],
      thresholds: steps(bad, [0.75, good]), empty: noSensor,
    }),
  ],
};

