// The way in.
import { Preferences } from './frame'
import { logIn } from './session'
import { ActForm, Page } from './ui'
import { words } from './words'

const w = words({
  vi: { title: 'Đăng nhập', name: 'Tên', password: 'Mật khẩu', enter: 'Đăng nhập', lost: 'Quên mật khẩu? Quản trị viên cấp lại bằng lệnh phusong accounts password TÊN.' },
  en: { title: 'Log in', name: 'Name', password: 'Password', enter: 'Log in', lost: 'Lost your password? An administrator gives another with phusong accounts password NAME.' },
})

export function Login() {
  return (
    <Page title={w().title} actions={<Preferences />}>
      <div class="card" style={{ maxWidth: '26rem' }}>
        <ActForm submit={w().enter} act={(form) => logIn(String(form.get('name')), String(form.get('password')))}>
          <label>
            {w().name}
            <input name="name" autocomplete="username" required maxLength={64} />
          </label>
          <label>
            {w().password}
            <input name="password" type="password" autocomplete="current-password" required />
          </label>
        </ActForm>
        <p class="quiet">{w().lost}</p>
      </div>
    </Page>
  )
}
