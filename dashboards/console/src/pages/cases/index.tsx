import { Page } from '../../ui'

export default function Cases() {
  return <Page title="Cases">…</Page>
}
