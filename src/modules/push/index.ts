/** The top floor's push. Nothing imports it but the app's module. */
export { PushModule } from './push.module';
