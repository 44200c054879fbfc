import { Page } from '../../ui'

export default function Alert() {
  return <Page title="Alert">…</Page>
}
