import { Page } from '../../ui'

export default function Alerts() {
  return <Page title="Alerts">…</Page>
}
