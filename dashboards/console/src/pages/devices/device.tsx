import { Page } from '../../ui'

export default function Device() {
  return <Page title="Device">…</Page>
}
