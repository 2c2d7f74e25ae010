import { documentNames } from '../manifest/document-names.ts';
import type { ThawTier } from '../vocabulary.ts';
import { StoreUnusable } from './store.ts';

/** Where S3 keeps what cannot be read before it was thawed: storage classes, and two tiers of INTELLIGENT_TIERING. */
export const frozenPlaces = ['GLACIER', 'DEEP_ARCHIVE', 'ARCHIVE_ACCESS', 'DEEP_ARCHIVE_ACCESS'] as const;
export type FrozenPlace = (typeof frozenPlaces)[number];

/** How far an object is from being read. */
export type ObjectState =
  /** `until`: it lies in a class that must be thawed, and was; after that it is frozen again. */
  | { readonly kind: 'readable'; readonly until?: Date | undefined }
  | { readonly kind: 'frozen' | 'thawing'; readonly place: FrozenPlace };

const archive = {
  standard: '3 to 5 hours',
  bulk: '5 to 12 hours',
  expedited: '1 to 5 minutes',
} as const;
const deep = { standard: 'up to 12 hours', bulk: 'up to 48 hours' } as const;

/**
 * How long each way of thawing takes; one that is not there is not to be had.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html
 */
export const thawTimes: Readonly<Record<FrozenPlace, Readonly<Partial<Record<ThawTier, string>>>>> = {
  GLACIER: archive,
  ARCHIVE_ACCESS: archive,
  DEEP_ARCHIVE: deep,
  DEEP_ARCHIVE_ACCESS: deep,
};

/** `standard: 3 to 5 hours, bulk: 5 to 12 hours, expedited: 1 to 5 minutes` */
export function thawTimesText(place: FrozenPlace): string {
  return Object.entries(thawTimes[place])
    .map(([tier, time]) => `${tier}: ${time}`)
    .join(', ');
}

/** The place that a class of a listing or an error names; undefined where objects of it can be read at once. */
export function frozenPlace(name: string | undefined): FrozenPlace | undefined {
  return frozenPlaces.find((place) => place === name);
}

/** Of INTELLIGENT_TIERING, which brings back for good what is asked for: it takes no number of days. */
export function isTier(place: FrozenPlace): boolean {
  return place === 'ARCHIVE_ACCESS' || place === 'DEEP_ARCHIVE_ACCESS';
}

/** An object that is there, and cannot be read before S3 has thawed it. Says nothing against the backup. */
export class ObjectFrozen extends StoreUnusable {
  readonly isThawing: boolean;

  /** @param at.where the object's URL */
  constructor(
    at: { readonly where: string; readonly bucket: string; readonly key: string },
    state: { readonly kind: 'frozen' | 'thawing'; readonly place: FrozenPlace | undefined },
    options?: ErrorOptions,
  ) {
    const { place = 'GLACIER' } = state;
    const isThawing = state.kind === 'thawing';
    const isDocument = documentNames.has(at.key.split('/').at(-1) ?? '');
    const days = isTier(place) ? '' : '"Days":3,';
    const request = `{${days}"GlacierJobParameters":{"Tier":"Standard"}}`;
    super(
      {
        what: `An object has to be thawed before it can be read (${at.where})`,
        got: isThawing ? `${place}, and it is being thawed` : place,
        fix: isThawing
          ? `Wait, and do this again (${thawTimesText(place)}, from when it was asked for).`
          : `${isDocument ? `It is a document of pgproof, small, and needed to know what the backup is: no lifecycle rule should move it. Ask for it (${thawTimesText(place)}) in the S3 console ("Initiate restore")` : `Add --thaw to pgproof verify or restore, which asks for it and waits (${thawTimesText(place)}). Or ask in the S3 console ("Initiate restore" of the objects of the backup)`} or with aws s3api restore-object --bucket ${at.bucket} --key ${inShell(at.key)} --restore-request '${request}', and do this again afterwards.`,
      },
      { ...options, isOfObject: true },
    );
    this.isThawing = isThawing;
  }
}

function inShell(text: string): string {
  return /^[\w./%:=@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
