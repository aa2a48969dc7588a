import { PROVIDER_NAMES, type ProviderName } from '../provider';
import type { PushVendor } from './vendor';

/** The vendors by name. Each name has one, or there is no start. */
export class PushVendors {
  private readonly byName = new Map<ProviderName, PushVendor>();

  constructor(vendors: readonly PushVendor[]) {
    for (const vendor of vendors) {
      if (this.byName.has(vendor.name)) throw new Error(`two push vendors are called ${vendor.name}`);
      this.byName.set(vendor.name, vendor);
    }
    const missing = PROVIDER_NAMES.filter((name) => !this.byName.has(name));
    if (missing.length > 0) throw new Error(`there is no push vendor called ${missing.join(', ')}`);
  }

  get(name: ProviderName): PushVendor {
    const vendor = this.byName.get(name);
    if (!vendor) throw new Error(`there is no push vendor called ${name}`);
    return vendor;
  }
}
