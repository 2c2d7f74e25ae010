// What a store's URL says is read where configurations are, too, which know no store.
export { parseStoreUrl, type StoreLocation } from '../config/store-url.ts';
