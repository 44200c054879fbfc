// How a device that only sends becomes one of ours.
import { words } from '../../words'

const w = words({
  vi: {
    how: 'Thiết bị chưa đăng ký vẫn gửi được bản tin và bản tin được lưu, nhưng không tính vào chỉ tiêu, không báo mất tín hiệu và không hiện trên bản đồ.',
    step: 'Để đăng ký: thêm một dòng vào devices.csv của danh mục (địa điểm hoặc địa bàn, và chu kỳ gửi), lưu lại; hệ thống tự đọc trong ít giây. Ví dụ:', site: 'ma-dia-diem', name: 'Tên thiết bị',
    check: 'Kiểm tra trước khi lưu bằng lệnh',
  },
  en: {
    how: 'An unregistered device may send, and what it sends is kept; but it counts in no target, its silence is not noticed, and it is on no map.',
    step: 'To register it: add a line to devices.csv of the registry (a site or an area, and its interval) and save; it is read within seconds. For example:', site: 'site-id', name: 'Name of the device',
    check: 'Check the file before with',
  },
})

export function HowToRegister({ id = 'ap-01', kind = 'wifi', area = '' }: { id?: string; kind?: string; area?: string }) {
  const row = ['id,kind,name,site,area,interval', [id, kind, w().name, area ? '' : w().site, area, '60s'].join(',')].join('\n')
  return (
    <div class="note warn stack" data-testid="how-to-register">
      <span>{w().how}</span>
      <span>{w().step}</span>
      <pre tabIndex={0}><code>{row}</code></pre>
      <span>{w().check} <code>phusong check config</code>.</span>
    </div>
  )
}
