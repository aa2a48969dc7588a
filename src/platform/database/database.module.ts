import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ConfigModule } from '../config/config.module';
import { Settings } from '../config/settings';
import { dataSourceOptions } from './data-source';
import { DatabaseClock } from './database-clock';
import { openDataSource } from './schema-guard';
import { isConnectionError, Sql } from './sql';
import { StoreEpoch } from './store-epoch';

/** TypeORM for the schema and its migrations, `Sql` for every statement. */
@Global()
@Module({
  imports: [
    ConfigModule,
    TypeOrmModule.forRootAsync({
      inject: [Settings],
      useFactory: (settings: Settings) => ({
        ...dataSourceOptions(settings.stores.mysqlUrl),
        retryAttempts: 5,
        retryDelay: 1000,
        // A schema that does not fit will not fit a second later either.
        toRetry: isConnectionError,
      }),
      dataSourceFactory: openDataSource,
    }),
  ],
  providers: [DatabaseClock, Sql, StoreEpoch],
  exports: [DatabaseClock, Sql, StoreEpoch],
})
export class DatabaseModule {}
