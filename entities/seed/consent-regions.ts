import type { ConsentRegion } from '../consent-region.ts';

/** States of the USA where all sides of a call must know that it is recorded, by their area codes, November 2026. */
const allParties: Readonly<Record<string, string>> = {
  California:
    '209 213 279 310 323 341 350 357 369 408 415 424 442 510 530 559 562 619 626 628 650 657 661 669 707 714 738 747 ' +
    '760 805 818 820 831 837 840 858 909 916 925 949 951',
  Connecticut: '203 475 860 959',
  Delaware: '302',
  Florida: '239 305 321 324 352 386 407 448 561 645 656 689 727 728 754 772 786 813 850 863 904 941 954',
  Illinois: '217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 861 872',
  Maryland: '227 240 301 410 443 667',
  Massachusetts: '339 351 413 508 617 774 781 857 978',
  Michigan: '231 248 269 313 517 586 616 679 734 810 906 947 989',
  Montana: '406',
  Nevada: '702 725 775',
  'New Hampshire': '603',
  Pennsylvania: '215 223 267 272 412 445 484 570 582 610 717 724 814 835 878',
  Washington: '206 253 360 425 509 564',
};

/** One side is enough in the rest of +1; of numbers from elsewhere, and of none, nothing is known: all. */
export const consentRegions: readonly ConsentRegion[] = [
  { prefix: '', parties: 'all', name: 'Elsewhere' },
  { prefix: '+1', parties: 'one', name: 'United States' },
  ...Object.entries(allParties).flatMap(([name, codes]) =>
    codes.split(' ').map((code): ConsentRegion => ({ prefix: `+1${code}`, parties: 'all', name })),
  ),
];
