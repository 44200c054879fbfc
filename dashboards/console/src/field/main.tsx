// The page for the phone: an entry of its own, which shares only what is small.
import { render } from 'preact'
import { useEffect } from 'preact/hooks'
import { session } from '../session'
import '../theme'
import { Toasts } from '../ui'
import { words } from '../words'
import { Detail } from './detail'
import '../pages/alerts/alerts.css'
import './field.css'
import { List } from './list'
import { LogIn, Settings } from './settings'
import { start } from './state'
import { view } from './view'
import { keepShell } from './worker'

const w = words({ vi: { title: 'Hiện trường' }, en: { title: 'Field' } })

function Field() {
  const v = view.value
  const key = v.name === 'alert' ? v.id : v.name
  useEffect(() => void (document.title = `${w().title} · phusong`))
  useEffect(() => document.getElementById('main')?.focus({ preventScroll: true }), [key])
  if (session.value === null) return <LogIn />
  if (v.name === 'alert') return <Detail key={v.id} id={v.id} />
  if (v.name === 'settings') return <Settings />
  return <List />
}

start()
render(
  <>
    <Field />
    <Toasts />
  </>,
  document.getElementById('app')!,
)
void keepShell()
