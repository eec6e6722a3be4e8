import type { FragmentFacts, GrubenvFacts, PasswordFacts } from '../core/doctor/facts.ts';

/** GRUB's own files, looked at as GRUB would read them. Nothing is changed. Errors: GoodbootError FILE_UNREADABLE. */
export interface GrubView {
  /** How GRUB gets to its grub.cfg, and whether that reads the fragment. */
  fragment(): Promise<
    Pick<FragmentFacts, 'directory' | 'fragment' | 'start'> & {
      /** Last change of any of these files, milliseconds since 1970; null: not all of them tell. */
      readonly changedMs: number | null;
    }
  >;
  /** Where the environment block lies, as GRUB has to write it. */
  place(path: string): Promise<Pick<GrubenvFacts, 'place' | 'isLinkedAway'>>;
  /** Whether a person with a password would be needed to start an entry. */
  password(): Promise<PasswordFacts>;
}
