// Mobile coverage: for the liaison, per operator and commune. Unproven is never covered.

import { type Page, bad, bars, good, heading, history, info, instant, look, range, rows, say, stat, steps, table, timeseries, unknown } from './model.js';
import { liaison } from './folders.js';
import { inArea, operators } from './words.js';

const untested = say('Chưa có phép đo hợp lệ', 'No valid tests yet');
const communes = 'operator=~"$operator", area=~"$area", level="commune"';
const province = 'operator=~"$operator", level="province"';

export const coverage: Page = {
  uid: 'coverage',
  folder: liaison,
  title: say('Phủ sóng di động', 'Mobile coverage'),
  description: say('Cho cán bộ phối hợp viễn thông: nhà mạng nào thiếu sóng ở đâu, đã chứng minh đến đâu.', 'For the telecom liaison: which operator lacks coverage where, and how far that is proven.'),
  choices: [
    { name: 'operator', label: say('Nhà mạng', 'Operator'), metric: 'phusong_coverage_cells', of: 'operator' },
    { name: 'area', label: say('Xã, phường', 'Commune'), metric: 'phusong_coverage_cells{level="commune"}', of: 'area' },
  ],
  refresh: '1m',
  from: 'now-30d',
  blocks: [
    bars({
      title: say('Ô đã chứng minh phủ sóng', 'Cells proven covered'), width: 8, height: 7, unit: 'percentunit', decimals: 1, min: 0, max: 1,
      description: say('Trong số ô đã đo, theo nhà mạng. Ô chưa đủ bằng chứng không tính là phủ sóng.', 'Of the cells with tests, by operator. A cell without enough evidence does not count as covered.'),
      queries: [instant(`sum by (operator) (phusong_coverage_cells{${province}, verdict="covered"}) / sum by (operator) (phusong_coverage_cells{${province}, verdict!="untested"})`, '{{operator}}')],
      thresholds: steps(bad, [0.5, look], [0.9, good]), empty: untested,
    }),
    stat({
      title: say('Ô thiếu tốc độ (dưới 40 Mbit/s)', 'Gap cells (below 40 Mbit/s)'), width: 4, height: 7, unit: 'short', decimals: 0, filled: true,
      description: say('Đã chứng minh: dưới 90 % phép đo đạt mục tiêu.', 'Proven: fewer than 90 % of the tests reach the target.'),
      queries: [instant(`sum(phusong_coverage_cells{${province}, verdict="gap"})`)],
      thresholds: steps(good, [1, look]), empty: untested,
    }),
    stat({
      title: say('Ô lõm sóng', 'Dead cells'), width: 4, height: 7, unit: 'short', decimals: 0, filled: true,
      description: say('Đã chứng minh: dưới một nửa số lần thử có dịch vụ.', 'Proven: fewer than half of the attempts get service.'),
      queries: [instant(`sum(phusong_coverage_cells{${province}, verdict="dead"})`)],
      thresholds: steps(good, [1, bad]), empty: untested,
    }),
    stat({
      title: say('Chưa đủ bằng chứng', 'Unproven cells'), width: 4, height: 7, unit: 'short', decimals: 0,
      description: say('Có phép đo nhưng chưa đủ để kết luận. Kế hoạch khảo sát nói cần đo thêm ở đâu.', 'They have tests, but too few to conclude. The survey plan says where to measure next.'),
      queries: [instant(`sum(phusong_coverage_cells{${province}, verdict="unproven"})`)],
      thresholds: steps(unknown), empty: untested,
    }),
    stat({
      title: say('Hồ sơ đang mở', 'Open cases'), width: 4, height: 7, unit: 'short', decimals: 0,
      description: say('Hồ sơ vùng lõm chưa đóng, mọi trạng thái.', 'Gap cases that are not closed, in any state.'),
      queries: [instant('sum(phusong_coverage_cases{operator=~"$operator", state!="closed"}) or vector(0)')],
      thresholds: steps(info), empty: untested,
    }),
    table({
      title: say('Xã, phường theo nhà mạng', 'Communes by operator'), width: 24, height: 11, unit: 'none',
      description: say('Ô lõm và ô thiếu tốc độ nhiều nhất trước. Trung bình 40 Mbit/s là thước đo quốc gia, không phải là kết luận.', 'Most dead cells and gaps first. A mean of 40 Mbit/s is the national yardstick and no verdict.'),
      queries: [
        rows(inArea(`sum by (operator, area) (phusong_coverage_cells{${communes}, verdict="dead"})`)),
        rows(`sum by (operator, area) (phusong_coverage_cells{${communes}, verdict="gap"})`),
        rows(`sum by (operator, area) (phusong_coverage_cells{${communes}, verdict="covered"})`),
        rows(`sum by (operator, area) (phusong_coverage_cells{${communes}, verdict="unproven"})`),
        rows(`phusong_coverage_mean_download_bytes_per_second{${communes}} * 8 / 1e6`),
        rows(`phusong_coverage_window_tests{${communes}}`),
      ],
      columns: [
        { name: 'name', title: say('Xã, phường', 'Commune') },
        { name: 'operator', title: say('Nhà mạng', 'Operator'), words: operators },
        { name: 'Value #A', title: say('Lõm sóng', 'Dead'), unit: 'short', decimals: 0, thresholds: steps(good, [1, bad]) },
        { name: 'Value #B', title: say('Thiếu tốc độ', 'Gap'), unit: 'short', decimals: 0, thresholds: steps(good, [1, look]) },
        { name: 'Value #C', title: say('Phủ sóng', 'Covered'), unit: 'short', decimals: 0 },
        { name: 'Value #D', title: say('Chưa rõ', 'Unproven'), unit: 'short', decimals: 0 },
        { name: 'Value #E', title: say('Trung bình', 'Mean'), unit: 'Mbits', decimals: 1, thresholds: steps(look, [40, good]) },
        { name: 'Value #F', title: say('Phép đo', 'Tests'), unit: 'short', decimals: 0 },
      ],
      sort: { column: say('Lõm sóng', 'Dead'), desc: true },
      thresholds: steps(info), empty: untested,
    }),
    heading('Diễn biến', 'Trend'),
    timeseries({
      title: say('Vùng lõm sóng và vùng chậm', 'Dead and slow zones'), width: 8, height: 8, unit: 'short', decimals: 0, min: 0, stepped: true,
      description: say('Vùng là các ô liền nhau. Giảm là nhà mạng đã khắc phục và đo lại.', 'A zone is connected cells. Falling means that operators mended and it was tested again.'),
      queries: [range('sum by (operator, kind) (phusong_coverage_zones{operator=~"$operator"})', '{{operator}} {{kind}}')],
      empty: say('Không có vùng nào', 'No zone'),
    }),
    timeseries({
      title: say('Diện tích', 'Area'), width: 8, height: 8, unit: 'areaM2', min: 0, stepped: true,
      description: say('Diện tích các vùng đang mở.', 'Area of the open zones.'),
      queries: [range('sum by (operator, kind) (phusong_coverage_zones_area_square_meters{operator=~"$operator"})', '{{operator}} {{kind}}')],
      empty: say('Không có vùng nào', 'No zone'),
    }),
    timeseries({
      title: say('Phép đo đạt mục tiêu', 'Tests that reach the target'), width: 8, height: 8, unit: 'percentunit', min: 0, max: 1,
      description: say('Theo nhà mạng, toàn tỉnh. Mục tiêu của một ô là 90 %.', 'By operator, whole province. A cell needs 90 %.'),
      queries: [range(`phusong_coverage_tests_on_target_ratio{${province}}`, '{{operator}}')],
      thresholds: steps(bad, [0.9, good]), empty: untested,
    }),
    timeseries({
      title: say('Tải về của máy đo', 'Download at the probes'), width: 12, height: 8, unit: 'Mbits', min: 0,
      description: say('Trung vị và phân vị 20 % mọi phép đo ở các xã đã chọn, từ kho lịch sử.', 'Median and 20 % quantile of all tests in the selected communes, out of the history.'),
      queries: [
        history('SELECT median("download_mbps") FROM "mobile" WHERE $timeFilter AND "area" =~ /^$area$/ GROUP BY time($__interval) fill(none)', '50 %'),
        history('SELECT percentile("download_mbps", 20) FROM "mobile" WHERE $timeFilter AND "area" =~ /^$area$/ GROUP BY time($__interval) fill(none)', '20 %'),
      ],
      thresholds: steps(bad, [40, good]), empty: untested,
    }),
    bars({
      title: say('Phép đo không tính, theo lý do', 'Tests that do not count, by reason'), width: 6, height: 8, unit: 'short', decimals: 0, min: 0,
      description: say('Giữ lại và hiển thị, không dùng để kết luận.', 'Kept and shown, and used for no verdict.'),
      queries: [instant('sum by (reason) (phusong_coverage_tests_total{operator=~"$operator", valid="false"}) > 0', '{{reason}}')],
      thresholds: steps(info), empty: say('Mọi phép đo đều hợp lệ', 'Every test is valid'),
    }),
    bars({
      title: say('Máy đo cố định lúc này', 'Fixed probes now'), width: 6, height: 8, unit: 'short', decimals: 0, min: 0,
      description: say('Có dịch vụ, mất dịch vụ, hay chưa rõ.', 'With service, without, or not known.'),
      queries: [instant('sum by (operator, state) (phusong_coverage_live_probes{operator=~"$operator"})', '{{operator}} {{state}}')],
      thresholds: steps(info), empty: say('Không có máy đo cố định', 'No fixed probe'),
    }),
  ],
};
