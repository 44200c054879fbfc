// Language, light, sound, and the way in and out.
import { useState } from 'preact/hooks'
import { logIn, session } from '../session'
import { dark, theme } from '../theme'
import { ActForm } from '../ui'
import { language, words } from '../words'
import { canVibrate, notify, sound, tone, vibration } from './notify'
import { account, quit, refresh, waiting } from './state'

const w = words({
  vi: {
    title: 'Cài đặt', back: '‹ Danh sách', other: 'English', dark: 'Nền tối', light: 'Nền sáng', sound: 'Kêu khi có cảnh báo mới (khi trang đang mở)', vibration: 'Rung khi có cảnh báo mới (khi trang đang mở)', who: 'Tài khoản', demo: 'Chạy thử: ai cũng là quản trị.',
    logOut: 'Đăng xuất', lose: (n: number) => `${n} việc chưa gửi sẽ mất. Vẫn đăng xuất`, stay: 'Ở lại', cleared: 'Đăng xuất sẽ xóa dữ liệu đã lưu trên máy này.', console: 'Mở bảng điều hành', install: 'Để cài lên màn hình chính: mở trình đơn của trình duyệt, chọn “Thêm vào màn hình chính”.',
    logIn: 'Đăng nhập', name: 'Tên', password: 'Mật khẩu', forgot: 'Quên mật khẩu? Hãy hỏi quản trị viên.',
  },
  en: {
    title: 'Settings', back: '‹ List', other: 'Tiếng Việt', dark: 'Dark', light: 'Light', sound: 'Sound for a new alert (while the page is open)', vibration: 'Vibrate for a new alert (while the page is open)', who: 'Account', demo: 'Demonstration: everybody is administrator.',
    logOut: 'Log out', lose: (n: number) => `${n} not sent yet will be lost. Log out`, stay: 'Stay', cleared: 'Logging out clears what is kept on this phone.', console: 'Open the console', install: 'To install: open the browser’s menu and choose “Add to home screen”.',
    logIn: 'Log in', name: 'Name', password: 'Password', forgot: 'Lost your password? Ask an administrator.',
  },
})

function Preferences() {
  return (
    <div class="row">
      <button type="button" class="large" lang={language.value === 'vi' ? 'en' : 'vi'} data-testid="language" onClick={() => (language.value = language.value === 'vi' ? 'en' : 'vi')}>
        {w().other}
      </button>
      <button type="button" class="large" data-testid="theme" onClick={() => (theme.value = dark() ? 'light' : 'dark')}>
        {dark() ? w().light : w().dark}
      </button>
    </div>
  )
}

function Switch({ on, set, text }: { on: boolean; set: (on: boolean) => void; text: string }) {
  return (
    <label class="switch">
      <input type="checkbox" role="switch" checked={on} onChange={(e) => set(e.currentTarget.checked)} />
      {text}
    </label>
  )
}

export function Settings() {
  return (
    <main class="page field" id="main" tabIndex={-1}>
      <header>
        <h1>{w().title}</h1>
        <a class="button large" href="#">{w().back}</a>
      </header>
      <Preferences />
      <div class="card">
        <Switch on={sound.value} text={w().sound} set={(on) => ((sound.value = on), on && tone())} />
        {canVibrate && <Switch on={vibration.value} text={w().vibration} set={(on) => ((vibration.value = on), on && notify())} />}
      </div>
      <p class="quiet">{w().install}</p>
      <a class="button large" href="/alerts">{w().console}</a>
      <Out />
    </main>
  )
}

function Out() {
  const [sure, ask] = useState(false)
  const unsent = waiting.value.length
  const out = () => void quit().then(() => (location.hash = ''))
  if (session.value?.open) return <p class="quiet">{w().demo}</p>
  return (
    <div class="card">
      <p>
        {w().who}: <strong>{account()}</strong>
      </p>
      <p class="quiet">{w().cleared}</p>
      {!sure && (
        <button type="button" class="large" data-testid="log-out" onClick={() => (unsent > 0 ? ask(true) : out())}>
          {w().logOut}
        </button>
      )}
      {sure && (
        <div class="row">
          <button type="button" class="large danger" onClick={out}>{w().lose(unsent)}</button>
          <button type="button" class="large" onClick={() => ask(false)}>{w().stay}</button>
        </div>
      )}
    </div>
  )
}

export function LogIn() {
  return (
    <main class="page field" id="main" tabIndex={-1}>
      <header>
        <h1>{w().logIn}</h1>
        <Preferences />
      </header>
      <div class="card">
        <ActForm
          submit={w().logIn}
          act={async (form) => {
            await logIn(String(form.get('name')), String(form.get('password')))
            void refresh()
          }}
        >
          <label>
            {w().name}
            <input class="large" name="name" autocomplete="username" autocapitalize="none" required maxLength={64} />
          </label>
          <label>
            {w().password}
            <input class="large" name="password" type="password" autocomplete="current-password" required />
          </label>
        </ActForm>
        <p class="quiet">{w().forgot}</p>
      </div>
    </main>
  )
}
