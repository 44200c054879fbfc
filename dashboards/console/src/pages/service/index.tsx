import { Page } from '../../ui'

export default function Service() {
  return <Page title="Service">…</Page>
}
