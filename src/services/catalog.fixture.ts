import { emptyCatalog, type Catalog, type Category, type PromotionOffer } from './catalog.ts';
import { staffOf } from './staff.ts';

const milk = [
  { kind: 'milk', name: 'Soy Milk', price: '0.75' },
  { kind: 'milk', name: 'Whole Milk', price: '0.00' },
];

function category(slug: string, name: string, items: [string, string[]][]): Category {
  return {
    slug,
    name,
    description: null,
    items: items.map(([item, prices]) => ({
      slug: item.toLowerCase().replaceAll(' ', '-'),
      name: item,
      description: item === 'Oat Milk Latte' ? 'Espresso with steamed oat milk.' : null,
      category: { slug, name },
      sizes: prices.map((price, at) => ({ name: ['Small', 'Medium', 'Large'][at] ?? '', price })),
      modifiers: milk,
    })),
  };
}

export const pumpkinWeeks: PromotionOffer = {
  name: 'Pumpkin Weeks',
  startsLocal: '2026-11-01T00:00',
  endsLocal: '2026-12-01T00:00',
  offer: 'One dollar off every Oat Milk Latte',
  terms: 'One for each customer and day',
  code: 'PUMPKIN26',
  questions: [{ question: 'Can I combine it with a gift card?', answer: 'Yes, gift cards are welcome.' }],
  soldOut: false,
};

/** A small store; 2026-11-16 is a Monday. */
export const smallCatalog: Catalog = {
  ...emptyCatalog,
  loadedAt: Date.UTC(2026, 10, 16, 12),
  store: {
    name: 'Mangy Dog Coffee',
    address: '12 Bark Street, Portland',
    phone: '+15035550100',
    email: 'hello@mangydogcoffee.com',
  },
  assistant: {
    ...emptyCatalog.assistant,
    persona: 'Your name is Aida. You like dogs.',
    greeting: 'Mangy Dog Coffee, this is Aida!',
    staffNumbers: ['+15035550111'],
    sharedNumbers: [],
  },
  staff: staffOf([], ['+15035550111']),
  schedule: {
    timeZone: 'America/Los_Angeles',
    week: [undefined, ...Array.from({ length: 6 }, () => ({ openTime: '07:00', closeTime: '18:00', isClosed: false }))],
    exceptions: new Map([
      [
        '2026-12-25',
        { date: '2026-12-25', reason: 'Christmas Day', openTime: '00:00', closeTime: '00:00', isClosed: true },
      ],
    ]),
  },
  categories: [
    category('coffee', 'Coffee', [
      ['Drip Coffee', ['2.50']],
      ['Oat Milk Latte', ['10.00', '4.50', '5.25']],
      ['Secret Brew', []],
    ]),
    category('food', 'Food', [['Blueberry Muffin', ['3.50']]]),
  ],
  plans: [
    { name: 'Taster', description: 'One bag.', price: '18.50', interval: 'month', intervalCount: 1 },
    { name: 'Pack', description: null, price: '32.00', interval: 'week', intervalCount: 2 },
  ],
  promotions: [pumpkinWeeks],
  documents: [
    {
      category: 'visit',
      title: 'Parking',
      question: 'Where can I park?',
      body: 'Behind the store, free for two hours.',
    },
    {
      category: 'visit',
      title: 'Dogs',
      question: 'Can I bring my dog?',
      body: 'Dogs are welcome on the patio and inside.',
    },
    {
      category: 'food',
      title: 'Gluten-free food',
      question: 'Do you have gluten free options?',
      body: 'The almond cake is made without gluten.',
    },
    { category: 'policy', title: 'Wi-Fi', question: 'Is there wifi?', body: 'Yes, the password is on your receipt.' },
  ],
};
