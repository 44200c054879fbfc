// The frame around every page: where one can go, who one is, language and theme.
import type { ComponentChildren } from 'preact'
import { useLocation } from 'preact-iso'
import { line } from './api/live'
import { logOut, may, session } from './session'
import { dark, theme } from './theme'
import { Badge } from './ui'
import { language, words } from './words'

const w = words({
  vi: {
    skip: 'Tới nội dung', main: 'Chính', map: 'Bản đồ', alerts: 'Cảnh báo', cases: 'Vùng thiếu sóng', survey: 'Kế hoạch đo', targets: 'Wi-Fi công cộng', environment: 'Môi trường',
    devices: 'Thiết bị', service: 'Hệ thống', field: 'Trang hiện trường', logOut: 'Đăng xuất', live: 'trực tiếp', connecting: 'đang nối lại', off: 'không trực tiếp', demo: 'Chạy thử: ai cũng là quản trị',
    dark: 'Nền tối', light: 'Nền sáng', other: 'English', maintenance: 'Bảo trì', audit: 'Nhật ký thay đổi',
  },
  en: {
    skip: 'To the content', main: 'Main', map: 'Map', alerts: 'Alerts', cases: 'Gap cases', survey: 'Survey plan', targets: 'Public Wi-Fi', environment: 'Environment',
    devices: 'Devices', service: 'Service', field: 'Field page', logOut: 'Log out', live: 'live', connecting: 'reconnecting', off: 'not live', demo: 'Demonstration: everybody is administrator',
    dark: 'Dark', light: 'Light', other: 'Tiếng Việt', maintenance: 'Maintenance', audit: 'Log of changes',
  },
})

/** Language and theme: in the frame, and where nobody is logged in yet. */
export function Preferences() {
  return (
    <div class="row">
      <button type="button" lang={language.value === 'vi' ? 'en' : 'vi'} onClick={() => (language.value = language.value === 'vi' ? 'en' : 'vi')}>
        {w().other}
      </button>
      <button type="button" onClick={() => (theme.value = dark() ? 'light' : 'dark')}>
        {dark() ? w().light : w().dark}
      </button>
    </div>
  )
}

export function Frame({ children }: { children: ComponentChildren }) {
  const { path } = useLocation()
  const link = (to: string, text: string) => (
    <a href={to} aria-current={path === to || (to !== '/' && path.startsWith(to + '/')) ? 'page' : undefined}>
      {text}
    </a>
  )
  const l = line.value
  return (
    <div class="frame">
      <a class="skip" href="#main">
        {w().skip}
      </a>
      <nav aria-label={w().main}>
        <div class="name">
          <img src="/icon.svg" width="26" height="26" alt="" /> phusong
        </div>
        {link('/', w().map)}
        {link('/alerts', w().alerts)}
        {link('/cases', w().cases)}
        {link('/survey', w().survey)}
        {link('/targets', w().targets)}
        {link('/environment', w().environment)}
        {link('/devices', w().devices)}
        {link('/maintenance', w().maintenance)}
        {may('administer') && link('/service', w().service)}
        {may('administer') && link('/audit', w().audit)}
        <a href="/field">{w().field}</a>
        <div class="end">
          <Badge tone={l === 'live' ? 'good' : 'warning'}>{w()[l]}</Badge>
          <Preferences />
          <span class="quiet">{session.value?.open ? w().demo : session.value?.name}</span>
          {session.value && !session.value.open && (
            <button type="button" onClick={() => void logOut()}>
              {w().logOut}
            </button>
          )}
        </div>
      </nav>
      {children}
    </div>
  )
}
