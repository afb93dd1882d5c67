import { expect, test } from 'vitest';
import { tellOutput } from './facts.ts';

const ITEM = { kind: 'milk', name: 'Oat', price: 'free' };
const MOCHA = { name: 'Mocha', description: 'Dark.', category: 'Espresso', priceRange: '$4.50', modifiers: [ITEM] };
const STORE = { name: 'Mangy Dog Coffee', address: '12 Bark Street', phone: '+15035550100' };

test.each<[string, unknown, string]>([
  ['get_menu', { categories: [{ category: 'Food', items: ['Bagel $3.00'] }] }, 'On the menu: Food, Bagel $3.00'],
  ['get_menu', { category: 'Tea', items: [{ name: 'Chai', price: '$4.00' }] }, 'On the menu: Tea, Chai $4.00'],
  ['get_product_details', { found: true, product: MOCHA }, 'Here it is: Mocha $4.50, Dark.'],
  [
    'get_product_details',
    { found: false, product: null, suggestions: ['Mocha', 'Latte'] },
    'I have nothing on that. There is: Mocha, Latte',
  ],
  [
    'get_store_hours',
    {
      isOpen: true,
      now: "We're open until 18:00 today.",
      store: STORE,
      days: [{ dayName: 'Sunday', formattedHours: 'Closed' }],
    },
    "Our hours: We're open until 18:00 today., Mangy Dog Coffee 12 Bark Street, Sunday Closed",
  ],
  [
    'get_subscription_info',
    { plans: [{ name: 'Weekly', price: '$18.00', spokenPrice: 'eighteen dollars a week' }] },
    'Our plans: Weekly eighteen dollars a week',
  ],
  [
    'search_knowledge_base',
    { found: true, answers: [{ source: 'Parking', category: 'visit', answer: 'Behind the house.' }] },
    'I found this: Behind the house., Parking',
  ],
  ['search_knowledge_base', { found: false, answers: [], note: 'Say so.' }, 'I have nothing on that.'],
  ['transfer_to_staff', { accepted: true, next: 'Say it.' }, 'I am putting you through now.'],
  ['leave_voicemail', { accepted: true, next: 'Say it.' }, 'You can record your message after the tone.'],
  ['end_call', { accepted: true, next: 'Say it.' }, 'Goodbye.'],
  ['other', {}, 'I have nothing on that.'],
  ['other', 'Plain words.', 'Plain words.'],
])('%s: %j is told as "%s"', (name, output, spoken) => {
  expect(tellOutput(name, JSON.stringify(output))).toBe(spoken);
});

test('what is no JSON is spoken as it is, and nothing is spoken without end', () => {
  expect(tellOutput('get_menu', 'The menu is not available right now.')).toBe('The menu is not available right now.');
  expect(tellOutput('get_menu', ' ')).toBe('I have nothing on that.');
  expect(tellOutput('get_menu', 'word '.repeat(1000)).length).toBeLessThan(440);
  expect(tellOutput('get_menu', JSON.stringify({ items: Array(90).fill('Bagel') })).split('Bagel').length).toBe(15);
});
