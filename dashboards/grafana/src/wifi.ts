// Public Wi-Fi: the province's targets, and the sites that keep it from them.

import { type Page, bad, bars, good, heading, history, info, instant, look, range, rows, say, stat, steps, table, timeseries } from './model.js';
import { operations } from './folders.js';
import { inArea, siteState } from './words.js';

const where = 'area=~"$area", category=~"$category"';
const nothing = say('Không có điểm nào như vậy trong danh mục', 'The register has no such site');
const notYet = say('Tháng này chưa có số liệu', 'Nothing is known of this month yet');

export const wifi: Page = {
  uid: 'wifi',
  folder: operations,
  title: say('Wi-Fi công cộng', 'Public Wi-Fi'),
  description: say('Chỉ tiêu của tỉnh: 100 % trường học, bệnh viện, khu dân cư và điểm du lịch có Wi-Fi hoạt động; một nửa người dân và khách dùng.', 'The province\'s targets: working Wi-Fi in 100 % of schools, hospitals, residential areas and tourist sites; used by half of residents and visitors.'),
  choices: [
    { name: 'area', label: say('Xã, phường', 'Commune'), metric: 'phusong_site_info', of: 'area' },
    { name: 'category', label: say('Loại điểm', 'Category'), metric: 'phusong_site_info', of: 'category' },
  ],
  refresh: '30s',
  from: 'now-7d',
  blocks: [
    stat({
      title: say('Chỉ tiêu phủ điểm', 'Sites target'), width: 6, height: 5, unit: 'percentunit', decimals: 1, min: 0, max: 1, filled: true,
      description: say('Điểm bắt buộc có Wi-Fi đang hoạt động. Điểm chưa có thiết bị nào tính là chưa phủ. Mục tiêu 100 %.', 'Required sites with working Wi-Fi. A site without any access point counts as not covered. Goal: 100 %.'),
      queries: [instant('phusong_wifi_sites_target_ratio{area="", category=""}')],
      thresholds: steps(bad, [0.9, look], [1, good]), empty: say('Danh mục không có điểm bắt buộc', 'The register has no required site'),
    }),
    stat({
      title: say('Chỉ tiêu người dùng', 'Users target'), width: 6, height: 5, unit: 'percentunit', decimals: 1, min: 0, max: 1, filled: true,
      description: say('Người dùng khác nhau trong tháng so với dân số và khách. Mục tiêu 50 %. Ước lượng, không lưu danh tính.', 'Different users of the month as share of residents and visitors. Goal: 50 %. An estimate; no identity is kept.'),
      queries: [instant('phusong_wifi_users_target_ratio{area=""}')],
      thresholds: steps(bad, [0.3, look], [0.5, good]), empty: say('Thiết bị không gửi ước lượng người dùng', 'Devices send no estimate of users'),
    }),
    stat({
      title: say('Độ sẵn sàng tháng này', 'Availability this month'), width: 6, height: 5, unit: 'percentunit', decimals: 2, min: 0, max: 1, filled: true,
      description: say('Phần thời gian đã biết mà điểm có dịch vụ, không kể bảo trì. Sàn 95 %, mục tiêu 99 %.', 'Share of the known time in which sites gave service, without maintenance. Floor 95 %, goal 99 %.'),
      queries: [instant('phusong_wifi_availability_ratio{area="", category=""}')],
      thresholds: steps(bad, [0.95, look], [0.99, good]), empty: notYet,
    }),
    stat({
      title: say('Đang kết nối', 'Connected now'), width: 6, height: 5, unit: 'short', decimals: 0,
      description: say('Máy kết nối ở các điểm đã chọn.', 'Clients at the selected sites.'),
      queries: [instant(`sum(phusong_wifi_clients{${where}})`)],
      thresholds: steps(info), empty: nothing,
    }),
    bars({
      title: say('Theo loại điểm', 'By category'), width: 12, height: 8, unit: 'percentunit', decimals: 1, min: 0, max: 1,
      description: say('Tỷ lệ điểm bắt buộc có Wi-Fi hoạt động, theo loại.', 'Share of required sites with working Wi-Fi, by category.'),
      queries: [instant('phusong_wifi_sites_target_ratio{area="", category=~"$category", category!=""}', '{{category}}')],
      thresholds: steps(bad, [0.9, look], [1, good]), empty: nothing,
    }),
    table({
      title: say('Xã, phường chưa đạt', 'Communes below the target'), width: 12, height: 8, unit: 'none',
      description: say('Xấu nhất trước.', 'Worst first.'),
      queries: [
        rows(inArea('phusong_wifi_sites_target_ratio{area=~"$area", area!="", category=""} < 1')),
        rows('phusong_wifi_sites_required{area=~"$area", area!="", category=""} and on (area) phusong_wifi_sites_target_ratio{category=""} < 1'),
      ],
      columns: [
        { name: 'name', title: say('Xã, phường', 'Commune') },
        { name: 'Value #A', title: say('Đạt', 'Reached'), unit: 'percentunit', decimals: 0, thresholds: steps(bad, [0.9, look], [1, good]) },
        { name: 'Value #B', title: say('Điểm bắt buộc', 'Required sites'), unit: 'short', decimals: 0 },
        { name: 'area', title: say('Mã', 'Code'), links: [{ title: say('Điểm ở đây', 'Sites here'), to: 'wifi', with: { area: '${__value.raw}' } }] },
      ],
      sort: { column: say('Đạt', 'Reached'), desc: false },
      thresholds: steps(info), empty: say('Mọi xã, phường đều đạt', 'Every commune reaches the target'),
    }),
    table({
      title: say('Điểm', 'Sites'), width: 24, height: 10, unit: 'none',
      description: say('Hỏng trước. Chọn một điểm để xem thiết bị.', 'Failed ones first. Choose a site to see its devices.'),
      queries: [
        rows(`site:phusong_wifi_site_verdict_info:state{${where}}`),
        rows(`phusong_wifi_site_clients{${where}} * 1`), // without its name, by which the rows would be told apart
      ],
      columns: [
        { name: 'name', title: say('Điểm', 'Site') },
        { name: 'category', title: say('Loại', 'Category') },
        { name: 'Value #A', title: say('Tình trạng', 'State'), words: siteState },
        { name: 'Value #B', title: say('Người dùng', 'Clients'), unit: 'short', decimals: 0 },
        { name: 'area', title: say('Xã, phường', 'Commune') },
        { name: 'site', title: say('Mã điểm', 'Id'), links: [{ title: say('Thiết bị', 'Devices'), to: 'devices', with: { site: '${__value.raw}' } }] },
      ],
      sort: { column: say('Tình trạng', 'State'), desc: true },
      thresholds: steps(info), empty: nothing,
    }),
    heading('Diễn biến', 'Trend'),
    timeseries({
      title: say('Chỉ tiêu phủ điểm', 'Sites target'), width: 8, height: 8, unit: 'percentunit', min: 0, max: 1,
      description: say('Toàn tỉnh và mục tiêu 100 %.', 'The province, and the goal of 100 %.'),
      queries: [
        range('phusong_wifi_sites_target_ratio{area="", category=""}', say('đạt', 'reached')),
        range('phusong_wifi_goal_ratio{goal="sites"}', say('mục tiêu', 'goal')),
      ],
      empty: nothing,
    }),
    timeseries({
      title: say('Thiết bị quá tải hoặc chậm', 'Access points overloaded or slow'), width: 8, height: 8, unit: 'short', decimals: 0, min: 0, stepped: true,
      description: say('Quá tải: kênh bận trên 85 % hoặc quá số người. Chậm: dưới 30 Mbit/s.', 'Overloaded: air time above 85 %, or more clients than capacity. Slow: below 30 Mbit/s.'),
      queries: [range('sum by (impairment) (phusong_wifi_access_points_impaired{area=~"$area"})', '{{impairment}}')],
      empty: nothing,
    }),
    timeseries({
      title: say('Mức dịch vụ theo phút người dùng', 'Service levels by user minute'), width: 8, height: 8, unit: 'percentunit', min: 0, max: 1,
      description: say('Phần phút người dùng đạt từng mức, từ đầu tháng, toàn tỉnh.', 'Share of user minutes that met each level, since the month began, whole province.'),
      queries: [range('phusong_wifi_service_level_ratio{area="", category=""}', '{{level}}')],
      empty: notYet,
    }),
    timeseries({
      title: say('Lưu lượng', 'Traffic'), width: 12, height: 8, unit: 'Bps', min: 0,
      description: say('Từ bộ đếm của các điểm truy cập đã chọn, trong kho lịch sử.', 'From the counters of the selected access points, out of the history.'),
      queries: [
        history('SELECT sum("rate") FROM (SELECT non_negative_derivative(max("rx_bytes"), 1s) AS "rate" FROM "wifi" WHERE $timeFilter AND "area" =~ /^$area$/ GROUP BY time($__interval), "device") WHERE $timeFilter GROUP BY time($__interval) fill(none)', 'rx'),
        history('SELECT sum("rate") FROM (SELECT non_negative_derivative(max("tx_bytes"), 1s) AS "rate" FROM "wifi" WHERE $timeFilter AND "area" =~ /^$area$/ GROUP BY time($__interval), "device") WHERE $timeFilter GROUP BY time($__interval) fill(none)', 'tx'),
      ],
      empty: nothing,
    }),
    timeseries({
      title: say('Tốc độ đo được', 'Measured speed'), width: 12, height: 8, unit: 'Mbits', min: 0,
      description: say('Trung vị và phân vị 20 % của các phép đo tải về. Wi-Fi công cộng nên đạt 30 Mbit/s.', 'Median and 20 % quantile of the download tests. Public Wi-Fi should reach 30 Mbit/s.'),
      queries: [
        history('SELECT median("download_mbps") FROM "wifi" WHERE $timeFilter AND "area" =~ /^$area$/ GROUP BY time($__interval) fill(none)', '50 %'),
        history('SELECT percentile("download_mbps", 20) FROM "wifi" WHERE $timeFilter AND "area" =~ /^$area$/ GROUP BY time($__interval) fill(none)', '20 %'),
      ],
      thresholds: steps(bad, [30, good]),
      empty: say('Không có phép đo tốc độ', 'No speed tests'),
    }),
  ],
};

