// The wall of the operations centre: what is wrong now, worst first, from three metres.

import { type Page, bad, geomap, good, heading, info, instant, look, range, rows, say, stat, steps, table, timeseries, unknown } from './model.js';
import { operations } from './folders.js';
import { airBands, airGood, causes, inArea, severities, siteState } from './words.js';

const told = 'told="yes", alertname!="Watchdog"';
const silence = say('Không có dữ liệu: xem trang Sức khỏe dịch vụ', 'No data: see Service health');

export const wall: Page = {
  uid: 'wall',
  folder: operations,
  title: say('Bảng điều hành', 'Operations wall'),
  description: say('Cái gì đang hỏng, nặng nhất trước. Không có dữ liệu không phải là ổn.', 'What is wrong now, worst first. No data does not mean well.'),
  choices: [],
  refresh: '10s',
  from: 'now-6h',
  blocks: [
    stat({
      title: say('Sự cố đang mở', 'Open incidents'), width: 4, height: 5, unit: 'short', filled: true, decimals: 0,
      description: say('Mỗi sự cố là một nguyên nhân, dù bao nhiêu thiết bị bị ảnh hưởng. Danh sách ở dưới.', 'Each is one cause, however many devices it takes. The list is below.'),
      queries: [instant('(sum(phusong_incidents{cause!="rule"}) or vector(0)) and on () phusong_rules > 0')],
      thresholds: steps(good, [1, look], [5, bad]), empty: silence,
    }),
    stat({
      title: say('Cảnh báo nghiêm trọng', 'Critical alerts'), width: 4, height: 5, unit: 'short', filled: true, decimals: 0,
      description: say('Cảnh báo nghiêm trọng đã báo cho người trực.', 'Critical alerts that people were told of.'),
      queries: [instant(`(sum(phusong_alerts{severity="critical", ${told}}) or vector(0)) and on () phusong_rules > 0`)],
      thresholds: steps(good, [1, bad]), empty: silence,
      links: [{ title: say('Thiết bị', 'Devices'), to: 'devices' }],
    }),
    stat({
      title: say('Thiết bị không hoạt động', 'Devices down'), width: 4, height: 5, unit: 'short', filled: true, decimals: 0,
      description: say('Thiết bị đã đăng ký mà im lặng, báo ngắt hoặc chưa từng gửi.', 'Registered devices that are silent, said goodbye, or never spoke.'),
      queries: [instant('sum(phusong_area_devices{state!~"up|late"}) or (vector(0) and on () count(phusong_area_devices) > 0)')],
      thresholds: steps(good, [1, look], [20, bad]), empty: silence,
      links: [{ title: say('Thiết bị nào', 'Which devices'), to: 'devices' }],
    }),
    stat({
      title: say('Điểm Wi-Fi hỏng', 'Wi-Fi sites failed'), width: 4, height: 5, unit: 'short', filled: true, decimals: 0,
      description: say('Điểm mà người dân không dùng được Wi-Fi.', 'Sites where people get no Wi-Fi.'),
      queries: [instant('sum(phusong_wifi_sites{verdict=~"failed|no service"}) or (vector(0) and on () count(phusong_wifi_sites) > 0)')],
      thresholds: steps(good, [1, look], [5, bad]), empty: silence,
      links: [{ title: say('Điểm nào', 'Which sites'), to: 'wifi' }],
    }),
    stat({
      title: say('Vùng lõm sóng', 'Dead zones'), width: 4, height: 5, unit: 'short', filled: true, decimals: 0,
      description: say('Vùng đã chứng minh là không có dịch vụ di động, cộng các nhà mạng.', 'Zones proven to be without mobile service, all operators together.'),
      queries: [instant('(sum(phusong_coverage_zones{kind="dead"}) or vector(0)) and on () phusong_coverage_judged_timestamp_seconds > 0')],
      thresholds: steps(good, [1, look]), empty: say('Chưa đánh giá vùng phủ sóng', 'Coverage has not been judged yet'),
      links: [{ title: say('Ở đâu', 'Where'), to: 'coverage' }],
    }),
    stat({
      title: say('AQI xấu nhất', 'Worst AQI'), width: 4, height: 5, unit: 'none', filled: true, decimals: 0,
      description: say('VN_AQI giờ cao nhất toàn tỉnh; tham khảo, trừ trạm chuẩn.', 'Highest hourly VN_AQI of the province; indicative but for reference stations.'),
      queries: [instant('max(phusong_area_air_quality_index)')],
      thresholds: steps(airGood, ...airBands), empty: say('Chưa đủ một giờ số liệu', 'Not an hour of data yet'),
      links: [{ title: say('Môi trường', 'Environment'), to: 'environment' }],
    }),
    geomap({
      title: say('Điểm Wi-Fi công cộng', 'Public Wi-Fi sites'), width: 12, height: 16, unit: 'none', label: '',
      description: say('Mỗi chấm là một điểm, màu theo tình trạng. Tím là không rõ, không phải là tốt.', 'Each dot is a site, coloured by its state. Purple is unknown, not well.'),
      queries: [rows('site:phusong_wifi_site_verdict_info:state')],
      thresholds: steps(good, [1, look], [2, bad], [3, unknown]), words: siteState,
      empty: say('Chưa có điểm nào trong danh mục', 'The register has no site yet'),
      links: [{ title: say('Thiết bị của điểm', 'Devices of the site'), to: 'devices', with: { site: '${__field.labels.site}' } }],
    }),
    table({
      title: say('Sự cố, nặng nhất trước', 'Incidents, worst first'), width: 12, height: 8, unit: 'none',
      description: say('Nguyên nhân, nơi xảy ra, số thiết bị còn hỏng.', 'Cause, place, and how many devices are still down.'),
      queries: [
        rows(inArea('sum by (cause, area) (phusong_incident_devices_down{area!=""})')),
        rows(inArea('sum by (cause, area) (phusong_incidents{area!=""})')),
      ],
      columns: [
        { name: 'cause', title: say('Nguyên nhân', 'Cause'), words: causes },
        { name: 'name', title: say('Xã, phường', 'Commune') },
        { name: 'Value #B', title: say('Sự cố', 'Incidents'), unit: 'short', decimals: 0 },
        { name: 'Value #A', title: say('Thiết bị còn hỏng', 'Devices down'), unit: 'short', decimals: 0 },
        { name: 'area', title: say('Mã', 'Code'), links: [{ title: say('Thiết bị ở đây', 'Devices here'), to: 'devices', with: { area: '${__value.raw}' } }] },
      ],
      sort: { column: say('Thiết bị còn hỏng', 'Devices down'), desc: true },
      thresholds: steps(info), empty: say('Không có sự cố', 'No incident'),
    }),
    table({
      title: say('Cảnh báo đang bật', 'Alerts that fire'), width: 12, height: 8, unit: 'none',
      description: say('Chỉ những cảnh báo đã báo cho người trực; cái do sự cố khác giải thích thì không lặp lại.', 'Only those that people were told of; what another incident explains is not repeated.'),
      queries: [rows(`sum by (alertname, severity, kind, area) (phusong_alerts{${told}})`)],
      columns: [
        { name: 'severity', title: say('Mức', 'Severity'), words: severities },
        { name: 'alertname', title: say('Cảnh báo', 'Alert') },
        { name: 'area', title: say('Xã, phường', 'Commune'), links: [{ title: say('Thiết bị ở đây', 'Devices here'), to: 'devices', with: { area: '${__value.raw}' } }] },
        { name: 'Value', title: say('Số lượng', 'Number'), unit: 'short', decimals: 0 },
      ],
      sort: { column: say('Mức', 'Severity'), desc: false },
      thresholds: steps(info), empty: say('Không có cảnh báo', 'No alert'),
    }),
    heading('Diễn biến', 'Trend'),
    timeseries({
      title: say('Cảnh báo theo mức', 'Alerts by severity'), width: 8, height: 8, unit: 'short', decimals: 0, min: 0, stacked: true, stepped: true,
      description: say('Đang tốt lên hay xấu đi.', 'Whether it gets better or worse.'),
      queries: [range(`sum by (severity) (phusong_alerts{${told}})`, '{{severity}}')],
      empty: say('Không có cảnh báo', 'No alert'),
    }),
    timeseries({
      title: say('Tỷ lệ thiết bị hoạt động', 'Share of devices up'), width: 8, height: 8, unit: 'percentunit', min: 0, max: 1,
      description: say('Theo loại thiết bị.', 'By kind of device.'),
      queries: [range('kind:phusong_device_up:avg', '{{kind}}')],
      thresholds: steps(bad, [0.95, good]), empty: silence,
    }),
    timeseries({
      title: say('Người dùng Wi-Fi', 'Wi-Fi clients'), width: 8, height: 8, unit: 'short', decimals: 0, min: 0,
      description: say('Số máy kết nối ở mọi điểm. Về không giữa ngày: có gì đó hỏng mà thiết bị không biết.', 'Clients at all sites. Zero at noon: something is broken that devices do not know of.'),
      queries: [range('sum(phusong_wifi_clients)', say('đang kết nối', 'connected'))],
      empty: silence,
    }),
  ],
};
