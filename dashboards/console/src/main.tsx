// The console: each page is loaded when it is first gone to.
import { render } from 'preact'
import { LocationProvider, Route, Router, lazy } from 'preact-iso'
import { useEffect } from 'preact/hooks'
import { Frame } from './frame'
import { Login } from './login'
import { session, sessionProblem, whoAmI } from './session'
import './theme'
import { Page, ProblemNote, Progress, Toasts } from './ui'
import { words } from './words'

const MapPage = lazy(() => import('./pages/map'))
const Cell = lazy(() => import('./pages/cell'))
const Cases = lazy(() => import('./pages/cases'))
const Case = lazy(() => import('./pages/cases/case'))
const Survey = lazy(() => import('./pages/survey'))
const Alerts = lazy(() => import('./pages/alerts'))
const Alert = lazy(() => import('./pages/alerts/alert'))
const Maintenance = lazy(() => import('./pages/maintenance'))
const Targets = lazy(() => import('./pages/targets'))
const Environment = lazy(() => import('./pages/environment'))
const Devices = lazy(() => import('./pages/devices'))
const Device = lazy(() => import('./pages/devices/device'))
const Service = lazy(() => import('./pages/service'))
const Audit = lazy(() => import('./pages/audit'))

const w = words({ vi: { nothing: 'Không có trang này', home: 'Về bản đồ' }, en: { nothing: 'There is no such page', home: 'To the map' } })

function NotFound() {
  return (
    <Page title={w().nothing}>
      <a href="/">{w().home}</a>
    </Page>
  )
}

// The router takes every click on a link of this origin for one of its pages; these are not: files
// and pages that the service makes, and the page for the phone, which is a program of its own.
const ourPages = /^\/(?!(api|alertmanager|field)(\/|$))/

function App() {
  useEffect(() => void whoAmI(), [])
  if (session.value === undefined) {
    return <main class="page">{sessionProblem.value ? <ProblemNote problem={sessionProblem.value} again={() => void whoAmI()} /> : <Progress />}</main>
  }
  if (session.value === null) return <Login />
  return (
    <LocationProvider scope={ourPages}>
      <Frame>
        <Router>
          <Route path="/" component={MapPage} />
          <Route path="/cells/:cell" component={Cell} />
          <Route path="/cases" component={Cases} />
          <Route path="/cases/:id" component={Case} />
          <Route path="/survey" component={Survey} />
          <Route path="/alerts" component={Alerts} />
          <Route path="/alerts/:id" component={Alert} />
          <Route path="/maintenance" component={Maintenance} />
          <Route path="/targets" component={Targets} />
          <Route path="/environment" component={Environment} />
          <Route path="/devices" component={Devices} />
          <Route path="/devices/:id" component={Device} />
          <Route path="/service" component={Service} />
          <Route path="/audit" component={Audit} />
          <Route default component={NotFound} />
        </Router>
      </Frame>
      <Toasts />
    </LocationProvider>
  )
}

render(<App />, document.getElementById('app')!)
