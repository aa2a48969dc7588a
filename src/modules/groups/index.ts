/** The top floor's groups. */
export { GroupsModule } from './groups.module';
