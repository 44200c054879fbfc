// Service health: for the administrator who was just woken.

import { type Page, bad, good, heading, info, instant, look, range, say, stat, steps, timeseries } from './model.js';
import { platform } from './folders.js';

const nothingYet = say('Chưa có dữ liệu: Prometheus chưa đọc được phusong', 'Nothing yet: Prometheus has not reached phusong');

export const health: Page = {
  uid: 'health',
  folder: platform,
  title: say('Sức khỏe dịch vụ', 'Service health'),
  description: say('Cho quản trị viên: phusong có đang nhận, lưu và đánh giá mọi bản ghi không?', 'For administrators: does phusong receive, store and judge every reading?'),
  choices: [],
  refresh: '10s',
  from: 'now-3h',
  blocks: [
    stat({
      title: say('Dịch vụ', 'Service'), width: 4, height: 4, unit: 'none', filled: true,
      description: say('Prometheus có đọc được /metrics không. Nếu không: docker compose logs phusong.', 'Whether Prometheus can read /metrics. If not: docker compose logs phusong.'),
      queries: [instant('max(up{job="phusong"})')],
      words: [{ value: '1', text: say('Chạy', 'Running'), color: good }, { value: '0', text: say('Không trả lời', 'No answer'), color: bad }],
      empty: nothingYet,
    }),
    stat({
      title: say('Máy chủ MQTT', 'Broker'), width: 4, height: 4, unit: 'none', filled: true,
      description: say('Kết nối tới máy chủ MQTT. Nhật ký nêu lý do: sai mật khẩu, chứng chỉ hết hạn, không có ai trả lời.', 'The connection to the broker. The log names the reason: login refused, certificate expired, nobody there.'),
      queries: [instant('min(phusong_mqtt_connected)')],
      words: [{ value: '1', text: say('Kết nối', 'Connected'), color: good }, { value: '0', text: say('Mất kết nối', 'Away'), color: bad }],
      empty: nothingYet,
    }),
    stat({
      title: say('Sổ cái', 'Ledger'), width: 4, height: 4, unit: 'none', filled: true,
      description: say('Nhận = lưu + từ chối + chờ. Khác 0 là lỗi của phusong: chạy phusong check ledger.', 'Received = stored + rejected + waiting. Anything but 0 is a fault of phusong: run phusong check ledger.'),
      queries: [instant('sum(phusong_ledger_difference_readings)')],
      thresholds: steps(bad, [0, good], [1, bad]),
      words: [{ value: '0', text: say('Cân bằng', 'Balanced'), color: good }],
      empty: nothingYet,
    }),
    stat({
      title: say('Đang chờ lưu', 'Waiting for the store'), width: 4, height: 4, unit: 'short', spark: true,
      description: say('Bản ghi đã nhận, chưa lưu. Tăng nhiều phút: kho dữ liệu chậm hoặc không trả lời.', 'Readings received and not stored yet. Growing for minutes: the store is slow or away.'),
      queries: [range('sum(phusong_readings_waiting)', say('đang chờ', 'waiting'))],
      thresholds: steps(good, [10_000, look], [1_000_000, bad]),
      empty: nothingYet,
    }),
    stat({
      title: say('Luồng đã đầy', 'Stream used'), width: 4, height: 4, unit: 'percentunit', decimals: 0, min: 0, max: 1, spark: true,
      description: say('Khi đầy, máy chủ MQTT phải chờ; không mất gì. Trên 50 %: đưa kho dữ liệu trở lại.', 'When it is full the broker has to wait; nothing is lost. Above 50 %: bring the store back.'),
      queries: [range('max(phusong_stream_bytes / phusong_stream_max_bytes)', say('đã dùng', 'used'))],
      thresholds: steps(good, [0.5, look], [0.9, bad]),
      empty: nothingYet,
    }),
    stat({
      title: say('Đánh giá chậm', 'Judgement behind'), width: 4, height: 4, unit: 's', decimals: 0, spark: true,
      description: say('Phần đánh giá chậm bao nhiêu so với hiện tại. Trên một phút thì cảnh báo đến muộn.', 'How far judgement is behind now. Above a minute alerts are late.'),
      queries: [range('time() - min(phusong_watch_clock_timestamp_seconds)', say('chậm', 'behind'))],
      thresholds: steps(good, [15, look], [60, bad]),
      empty: nothingYet,
    }),
    heading('Dòng dữ liệu', 'Flow'),
    timeseries({
      title: say('Bản ghi mỗi giây', 'Readings a second'), width: 12, height: 8, unit: 'wps', min: 0,
      description: say('Nhận, lưu và từ chối. Ba đường cách xa nhau nghĩa là có gì đó đang chờ.', 'Received, stored and refused. Lines far apart mean that something waits.'),
      queries: [
        range('sum(rate(phusong_readings_received_total[1m]))', say('nhận', 'received')),
        range('sum(rate(phusong_readings_stored_total[1m]))', say('lưu', 'stored')),
        range('sum(rate(phusong_readings_rejected_total[1m]))', say('từ chối', 'refused')),
      ],
      empty: nothingYet,
    }),
    timeseries({
      title: say('Thời gian từ nhận đến lưu', 'From receipt to store'), width: 12, height: 8, unit: 's', min: 0,
      description: say('Một nửa và 99 % số lô được lưu trong thời gian này.', 'Half of the batches, and 99 % of them, are stored within this time.'),
      queries: [
        range('histogram_quantile(0.5, sum by (le) (rate(phusong_reading_stored_latency_seconds_bucket[5m])))', say('một nửa', 'half')),
        range('histogram_quantile(0.99, sum by (le) (rate(phusong_reading_stored_latency_seconds_bucket[5m])))', '99 %'),
      ],
      thresholds: steps(good, [1, look]),
      empty: say('Chưa lưu bản ghi nào', 'Nothing has been stored yet'),
    }),
    timeseries({
      title: say('Từ chối theo lý do', 'Refused, by reason'), width: 8, height: 8, unit: 'wps', min: 0, stacked: true,
      description: say('Trường hoặc phần bị sai. Xem: phusong deadletters list.', 'The field or part that was wrong. See: phusong deadletters list.'),
      queries: [range('sum by (reason) (rate(phusong_readings_rejected_total[5m])) > 0', '{{reason}}')],
      empty: say('Không có bản ghi nào bị từ chối', 'Nothing is refused'),
    }),
    timeseries({
      title: say('Bản ghi có dấu hiệu', 'Flagged readings'), width: 8, height: 8, unit: 'wps', min: 0, stacked: true,
      description: say('Đồng hồ sai, gửi muộn, do máy chủ nhớ lại. Chúng được giữ và không gây cảnh báo.', 'Wrong clocks, late readings, readings from the broker\'s memory. They are kept and raise no alert.'),
      queries: [range('sum by (flag) (rate(phusong_readings_flagged_total[5m])) > 0', '{{flag}}')],
      empty: say('Không có', 'None'),
    }),
    timeseries({
      title: say('Lỗi được thử lại', 'Failures that are repeated'), width: 8, height: 8, unit: 'cps', min: 0,
      description: say('Lần ghi luồng và kho thất bại. Mỗi lần được thử lại; nhật ký nêu lý do: sai token, chưa khởi tạo, không trả lời.', 'Failed attempts to write to stream and store. Each is repeated; the log names the reason: wrong token, not initialised, nobody there.'),
      queries: [
        range('sum(rate(phusong_stream_append_errors_total[5m]))', say('luồng', 'stream')),
        range('sum(rate(phusong_store_write_errors_total[5m]))', say('kho', 'store')),
        range('sum(rate(phusong_watch_image_errors_total[5m]))', say('ảnh trạng thái', 'images of the state')),
      ],
      thresholds: steps(good, [0.001, look]),
      empty: nothingYet,
    }),
    heading('Tiến trình', 'Process'),
    timeseries({
      title: say('Bộ nhớ', 'Memory'), width: 8, height: 7, unit: 'bytes', min: 0,
      description: say('Bộ nhớ của tiến trình phusong.', 'Memory of the process.'),
      queries: [range('process_resident_memory_bytes{job="phusong"}', '{{instance}}')],
      empty: nothingYet,
    }),
    timeseries({
      title: say('Bộ xử lý', 'Processor'), width: 8, height: 7, unit: 'percentunit', min: 0,
      description: say('Một nhân dùng hết là 100 %.', 'One whole core is 100 %.'),
      queries: [range('rate(process_cpu_seconds_total{job="phusong"}[1m])', '{{instance}}')],
      empty: nothingYet,
    }),
    timeseries({
      title: say('Chi phí thu thập', 'Cost of scraping'), width: 8, height: 7, unit: 'percentunit', min: 0,
      description: say('Phần thời gian phusong dùng để trả lời Prometheus. Trên 10 %: bị đọc quá thường xuyên hoặc quá nhiều máy đọc, hãy đọc thưa hơn.', 'Share of the time in which phusong answers Prometheus. Above 10 % it is scraped too often, or by too many: scrape less often.'),
      queries: [range('rate(phusong_scrape_seconds_total[$__rate_interval])', '{{instance}}')],
      thresholds: steps(good, [0.1, look]),
      empty: nothingYet,
    }),
    stat({
      title: say('Danh mục', 'Registry files'), width: 5, height: 4, unit: 'none',
      description: say('Danh mục đang dùng có đúng là của các tệp không. Nếu sai: phusong check config nêu tệp và dòng.', 'Whether the registry in use is that of the files. If not: phusong check config names file and line.'),
      queries: [instant('min(phusong_registry_files_valid)')],
      words: [{ value: '1', text: say('Đúng', 'Valid'), color: good }, { value: '0', text: say('Sai, dùng bản cũ', 'Wrong, older kept'), color: bad }],
      empty: nothingYet,
    }),
    stat({
      title: say('Thiết bị chưa đăng ký', 'Unregistered devices'), width: 5, height: 4, unit: 'short',
      description: say('Gửi dữ liệu nhưng không có trong danh mục: phusong devices --unregistered.', 'They send and are in no register: phusong devices --unregistered.'),
      queries: [instant('max(phusong_unregistered_devices)')],
      thresholds: steps(good, [1, look]),
      empty: nothingYet,
    }),
    stat({
      title: say('Kết nối lại trong một giờ', 'Reconnects within an hour'), width: 5, height: 4, unit: 'short', decimals: 0,
      description: say('Kết nối tới máy chủ MQTT bị đứt bao nhiêu lần.', 'How often the connection to the broker broke.'),
      queries: [instant('sum(changes(phusong_mqtt_connects_total[1h]))')],
      thresholds: steps(good, [3, look], [20, bad]),
      empty: nothingYet,
    }),
    stat({
      title: say('Chứng chỉ HTTPS còn', 'HTTPS certificate ends in'), width: 5, height: 4, unit: 's', decimals: 0,
      description: say('Chứng chỉ của bảng điều khiển web và API còn hạn bao lâu. Thay tệp chứng chỉ: phusong đọc lại ngay, không cần khởi động lại.', 'How long the certificate of the console and the API is good. Replace the file: phusong reads it at once, without a restart.'),
      queries: [instant('min(phusong_https_certificate_expiry_timestamp_seconds) - time()')],
      thresholds: steps(bad, [7 * 86_400, look], [21 * 86_400, good]),
      empty: say('phusong không tự phục vụ HTTPS', 'phusong does not serve HTTPS itself'),
    }),
    stat({
      title: say('Phiên bản', 'Version'), width: 4, height: 4, unit: 'string',
      description: say('Bản phusong đang chạy.', 'The build that runs.'),
      queries: [instant('phusong_build_info', '{{version}}')],
      thresholds: steps(info),
      empty: nothingYet,
    }),
  ],
};
