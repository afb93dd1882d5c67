interface SeedModifier {
  kind: string;
  name: string;
  price: string;
}

interface SeedItem {
  name: string;
  description: string | null;
  /** Name of the size and its price. */
  sizes: [string, string][];
  modifiers: SeedModifier[];
  isActive?: boolean;
}

interface SeedCategory {
  slug: string;
  name: string;
  description: string;
  items: SeedItem[];
}

const milks: SeedModifier[] = [
  { kind: 'milk', name: 'Whole milk', price: '0.00' },
  { kind: 'milk', name: 'Skim milk', price: '0.00' },
  { kind: 'milk', name: 'Oat milk', price: '0.80' },
  { kind: 'milk', name: 'Almond milk', price: '0.80' },
  { kind: 'milk', name: 'Soy milk', price: '0.60' },
];
const syrups: SeedModifier[] = [
  { kind: 'syrup', name: 'Vanilla syrup', price: '0.75' },
  { kind: 'syrup', name: 'Caramel syrup', price: '0.75' },
  { kind: 'syrup', name: 'Maple syrup', price: '0.95' },
  { kind: 'syrup', name: 'Sugar-free hazelnut syrup', price: '0.75' },
];
const shots: SeedModifier[] = [
  { kind: 'shot', name: 'Extra shot', price: '1.25' },
  { kind: 'shot', name: 'Decaf', price: '0.00' },
];
const breads: SeedModifier[] = [
  { kind: 'bread', name: 'Sourdough', price: '0.00' },
  { kind: 'bread', name: 'Multigrain', price: '0.00' },
  { kind: 'bread', name: 'Gluten-free bread', price: '1.50' },
];
const toppings: SeedModifier[] = [
  { kind: 'topping', name: 'Avocado', price: '2.00' },
  { kind: 'topping', name: 'Extra egg', price: '1.75' },
  { kind: 'topping', name: 'Bacon', price: '2.50' },
];
const warmed: SeedModifier[] = [
  { kind: 'topping', name: 'Warmed', price: '0.00' },
  { kind: 'topping', name: 'Butter', price: '0.50' },
];
const espressoDrink = [...milks, ...syrups, ...shots];

const cups = (small: string, medium: string, large: string): [string, string][] => [
  ['Small', small],
  ['Medium', medium],
  ['Large', large],
];
const one = (price: string): [string, string][] => [['Regular', price]];
const bags = (small: string, large: string): [string, string][] => [
  ['12 ounce bag', small],
  ['2 pound bag', large],
];

export const menu: SeedCategory[] = [
  {
    slug: 'coffee',
    name: 'Coffee',
    description: 'Brewed by the batch or by the cup, from our own roastery.',
    items: [
      {
        name: 'House Drip',
        description: 'Our Mutt Blend, brewed fresh every half hour: chocolate, toasted nuts, no bitterness.',
        sizes: cups('2.75', '3.25', '3.75'),
        modifiers: [...milks, ...syrups],
      },
      {
        name: 'Pour Over',
        description: 'A single origin of the week, poured by hand. It takes about four minutes.',
        sizes: one('4.75'),
        modifiers: milks,
      },
      {
        name: 'Café au Lait',
        description: 'Half drip coffee, half steamed milk.',
        sizes: cups('3.50', '4.00', '4.50'),
        modifiers: [...milks, ...syrups],
      },
      {
        name: 'Red Eye',
        description: 'House drip with a shot of espresso for mornings that need it.',
        sizes: cups('4.00', '4.50', '5.00'),
        modifiers: [...milks, ...syrups],
      },
      {
        name: 'Decaf Drip',
        description: 'Swiss water process decaf, brewed to order.',
        sizes: cups('2.75', '3.25', '3.75'),
        modifiers: [...milks, ...syrups],
      },
      {
        name: 'Coffee Box',
        description: 'Ten cups of house drip to go, with cups, milk and sugar.',
        sizes: one('28.00'),
        modifiers: [],
      },
    ],
  },
  {
    slug: 'espresso',
    name: 'Espresso',
    description: 'Pulled from our Good Boy espresso blend.',
    items: [
      {
        name: 'Espresso',
        description: 'A short, syrupy shot with notes of cocoa and cherry.',
        sizes: [
          ['Single', '2.75'],
          ['Double', '3.50'],
        ],
        modifiers: shots,
      },
      {
        name: 'Americano',
        description: 'A double shot lengthened with hot water.',
        sizes: cups('3.25', '3.75', '4.25'),
        modifiers: espressoDrink,
      },
      {
        name: 'Macchiato',
        description: 'A double shot marked with a spoon of milk foam.',
        sizes: one('3.85'),
        modifiers: espressoDrink,
      },
      {
        name: 'Cortado',
        description: 'Equal parts double shot and steamed milk.',
        sizes: one('4.25'),
        modifiers: espressoDrink,
      },
      {
        name: 'Cappuccino',
        description: 'A double shot under thick, dry foam.',
        sizes: cups('4.25', '4.75', '5.25'),
        modifiers: espressoDrink,
      },
      {
        name: 'Flat White',
        description: 'A double shot with finely steamed milk and hardly any foam.',
        sizes: one('4.60'),
        modifiers: espressoDrink,
      },
      {
        name: 'Latte',
        description: 'A double shot with plenty of steamed milk.',
        sizes: cups('4.50', '5.00', '5.50'),
        modifiers: espressoDrink,
      },
      {
        name: 'Oat Milk Latte',
        description: 'Our latte with creamy oat milk, lightly sweet by itself; no dairy in it.',
        sizes: cups('5.25', '5.75', '6.25'),
        modifiers: [...syrups, ...shots],
      },
      {
        name: 'Mocha',
        description: 'Espresso, dark chocolate and steamed milk.',
        sizes: cups('5.00', '5.50', '6.00'),
        modifiers: espressoDrink,
      },
      {
        name: 'Shaggy Dog',
        description: 'Our signature: a maple and cinnamon latte with sea salt.',
        sizes: cups('5.50', '6.00', '6.50'),
        modifiers: [...milks, ...shots],
      },
    ],
  },
  {
    slug: 'cold',
    name: 'Cold Drinks',
    description: 'Over ice, all year.',
    items: [
      {
        name: 'Cold Brew',
        description: 'Steeped for eighteen hours, smooth and strong.',
        sizes: cups('4.25', '4.75', '5.25'),
        modifiers: [...milks, ...syrups],
      },
      {
        name: 'Nitro Cold Brew',
        description: 'Cold brew on tap with a head like a stout. Served without ice.',
        sizes: [['Medium', '5.50']],
        modifiers: syrups,
      },
      {
        name: 'Iced Latte',
        description: 'A double shot and cold milk over ice.',
        sizes: cups('4.75', '5.25', '5.75'),
        modifiers: espressoDrink,
      },
      {
        name: 'Iced Shaggy Dog',
        description: 'The maple and cinnamon latte, over ice.',
        sizes: cups('5.75', '6.25', '6.75'),
        modifiers: [...milks, ...shots],
      },
      {
        name: 'Blueberry Lemonade',
        description: 'Maine blueberries, fresh lemon, no caffeine.',
        sizes: cups('3.75', '4.25', '4.75'),
        modifiers: [],
      },
      { name: 'Root Beer Float', description: 'A summer special.', sizes: one('6.50'), modifiers: [], isActive: false },
    ],
  },
  {
    slug: 'tea',
    name: 'Tea and More',
    description: 'Loose leaf tea and other warm things.',
    items: [
      {
        name: 'English Breakfast Tea',
        description: 'A strong black tea, by the pot.',
        sizes: one('3.50'),
        modifiers: milks,
      },
      { name: 'Earl Grey', description: 'Black tea with bergamot.', sizes: one('3.50'), modifiers: milks },
      { name: 'Peppermint Tea', description: 'Caffeine free.', sizes: one('3.25'), modifiers: [] },
      {
        name: 'Chai Latte',
        description: 'Black tea with cardamom, ginger and clove in steamed milk.',
        sizes: cups('4.75', '5.25', '5.75'),
        modifiers: [...milks, ...shots],
      },
      {
        name: 'Matcha Latte',
        description: 'Stone-ground green tea whisked into steamed milk.',
        sizes: cups('5.25', '5.75', '6.25'),
        modifiers: [...milks, ...syrups],
      },
      {
        name: 'Hot Chocolate',
        description: 'Dark chocolate, steamed milk, whipped cream.',
        sizes: cups('3.95', '4.45', '4.95'),
        modifiers: [...milks, ...syrups],
      },
    ],
  },
  {
    slug: 'food',
    name: 'Food',
    description: 'Made to order until an hour before closing.',
    items: [
      {
        name: 'Breakfast Sandwich',
        description: 'Egg and sharp cheddar on a toasted English muffin.',
        sizes: one('7.50'),
        modifiers: [...breads, ...toppings],
      },
      {
        name: 'Avocado Toast',
        description: 'Sourdough, lemon, chili flakes, pumpkin seeds. Vegan.',
        sizes: one('9.25'),
        modifiers: [...breads, { kind: 'topping', name: 'Extra egg', price: '1.75' }],
      },
      {
        name: 'Hot Diggity Grilled Cheese',
        description: 'Three cheeses and caramelized onion on sourdough.',
        sizes: [
          ['Half', '6.00'],
          ['Whole', '9.50'],
        ],
        modifiers: [...breads, ...toppings],
      },
      {
        name: 'Turkey Club',
        description: 'Roast turkey, bacon, lettuce, tomato.',
        sizes: [
          ['Half', '7.25'],
          ['Whole', '11.75'],
        ],
        modifiers: breads,
      },
      {
        name: 'Granola Bowl',
        description: 'House granola, yogurt, seasonal fruit. Contains nuts.',
        sizes: one('8.00'),
        modifiers: [],
      },
      {
        name: 'Soup of the Day',
        description: 'Ask for today’s; there is always a vegan one.',
        sizes: [
          ['Cup', '5.00'],
          ['Bowl', '7.50'],
        ],
        modifiers: [],
      },
    ],
  },
  {
    slug: 'pastries',
    name: 'Pastries',
    description: 'Baked here every morning.',
    items: [
      {
        name: 'Butter Croissant',
        description: 'Laminated for two days, gone by noon.',
        sizes: one('4.25'),
        modifiers: warmed,
      },
      {
        name: 'Almond Croissant',
        description: 'Twice baked, with almond cream. Contains nuts.',
        sizes: one('5.25'),
        modifiers: warmed,
      },
      {
        name: 'Blueberry Scone',
        description: 'Wild Maine blueberries and a lemon glaze.',
        sizes: one('4.25'),
        modifiers: warmed,
      },
      {
        name: 'Chocolate Chip Cookie',
        description: 'Brown butter and sea salt.',
        sizes: [
          ['One', '3.00'],
          ['Half dozen', '15.00'],
        ],
        modifiers: [],
      },
      {
        name: 'Vegan Banana Bread',
        description: 'With walnuts; no dairy, no egg.',
        sizes: [
          ['Slice', '4.00'],
          ['Loaf', '18.00'],
        ],
        modifiers: warmed,
      },
      { name: 'Cinnamon Roll', description: null, sizes: one('5.00'), modifiers: warmed },
      { name: 'Pup Cup', description: 'A little whipped cream for the dog, on the house.', sizes: [], modifiers: [] },
    ],
  },
  {
    slug: 'beans',
    name: 'Whole Beans',
    description: 'Roasted on Tuesdays and Thursdays; ground for you if you like.',
    items: [
      {
        name: 'Mutt Blend',
        description: 'Medium roast: chocolate and toasted nuts. Our house coffee.',
        sizes: bags('16.00', '38.00'),
        modifiers: [],
      },
      {
        name: 'Good Boy Espresso',
        description: 'Dark roast: cocoa, cherry, caramel.',
        sizes: bags('17.00', '40.00'),
        modifiers: [],
      },
      {
        name: 'Stray Single Origin',
        description: 'The origin changes with the season; now a washed Ethiopian with peach and jasmine.',
        sizes: [['12 ounce bag', '21.00']],
        modifiers: [],
      },
      {
        name: 'Sleepy Hound Decaf',
        description: 'Swiss water process, medium roast.',
        sizes: bags('18.00', '42.00'),
        modifiers: [],
      },
    ],
  },
];
