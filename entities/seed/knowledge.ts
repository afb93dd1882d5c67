interface SeedDocument {
  category: string;
  title: string;
  question: string;
  body: string;
}

const inCategory = (category: string, documents: [title: string, question: string, body: string][]): SeedDocument[] =>
  documents.map(([title, question, body]) => ({ category, title, question, body }));

export const knowledge: SeedDocument[] = [
  ...inCategory('Visiting', [
    [
      'Parking',
      'Where can I park?',
      'There is free parking for an hour on Harbor Street and a public garage on Commercial Street, one block away. We stamp garage tickets for two hours with any purchase of ten dollars or more.',
    ],
    [
      'Wi-Fi and working here',
      'Do you have Wi-Fi?',
      'Wi-Fi is free and the password is on your receipt. Laptops are welcome except at the window counter on Saturdays and Sundays before noon.',
    ],
    [
      'Wheelchair access',
      'Is the shop wheelchair accessible?',
      'The Harbor Street entrance has a ramp, the doors open by a button and the restroom is accessible. One table by the door is kept free for wheelchair users.',
    ],
    [
      'Outdoor seating',
      'Can we sit outside?',
      'Our patio has twelve tables and is open from April to October, with heaters in spring and fall. We do not take reservations for it.',
    ],
    [
      'Group reservations',
      'Can I reserve a table for a group?',
      'We hold the back room for groups of eight to twenty on weekdays, free of charge with a minimum order of sixty dollars. Please ask two days ahead, by phone or by email.',
    ],
  ]),
  ...inCategory('Dogs', [
    [
      'Dogs are welcome',
      'Can I bring my dog?',
      'Dogs on a leash are welcome on the patio and in the front room. Only service animals may go past the counter, because food is made there. There is a water bowl at the door.',
    ],
    [
      'Pup cups',
      'Do you have something for dogs?',
      'A pup cup is a little whipped cream, free for every dog that visits. We also sell peanut butter biscuits, three for two dollars.',
    ],
    [
      'Adoption days',
      'When is the next dog adoption day?',
      'On the first Sunday of each month the Harbor Animal Rescue brings dogs that look for a home, from ten to two. Five percent of that day’s sales goes to the rescue.',
    ],
  ]),
  ...inCategory('Ordering', [
    [
      'Ordering ahead',
      'Can I order ahead and pick up?',
      'Order on our website or by phone and pick up at the counter by the door, usually within ten minutes. Orders can be placed up to two days ahead.',
    ],
    [
      'Delivery',
      'Do you deliver?',
      'We deliver within three miles, from eight to two, for a fee of four dollars; above forty dollars it is free. Whole beans are shipped across the country.',
    ],
    [
      'Catering',
      'Do you cater for offices and events?',
      'Catering starts at twenty people: coffee boxes, pastry platters and sandwiches. Please order three days ahead. A staff member will call you back with a quote.',
    ],
    [
      'Payment',
      'How can I pay?',
      'We take cash, all major cards, and payment by phone at the counter. We never take card numbers over the telephone.',
    ],
    [
      'Refunds',
      'What if something was wrong with my order?',
      'If a drink or dish is not right we make it again or give the money back, the same day without a receipt, within seven days with one. Unopened bags of beans can be returned within thirty days.',
    ],
    [
      'Lost and found',
      'I left something at the shop. Do you have it?',
      'Things left behind are kept behind the counter for thirty days. Leave a voicemail with a description and we call back the same day.',
    ],
  ]),
  ...inCategory('Diet and allergies', [
    [
      'Milk alternatives',
      'Which plant milks do you have?',
      'Oat, almond and soy milk. Oat and almond cost eighty cents more, soy sixty. Every milk drink can be made with any of them.',
    ],
    [
      'Gluten-free choices',
      'Do you have anything gluten free?',
      'Every sandwich can be had on gluten-free bread for a dollar fifty, and the soup is usually gluten free. We bake with wheat in the same kitchen and cannot promise that there are no traces.',
    ],
    [
      'Nut allergies',
      'Is it safe for people with a nut allergy?',
      'Nuts are in the almond croissant, the granola and the banana bread, and we use almond milk. Our kitchen is small: traces are possible in everything baked here. Please tell the barista about an allergy.',
    ],
    [
      'Vegan choices',
      'What is vegan?',
      'The avocado toast without egg, the banana bread, one soup every day, the granola with oat milk, and every drink with plant milk except hot chocolate with whipped cream.',
    ],
    [
      'Caffeine',
      'How much caffeine is in the coffee?',
      'A small house drip has about 150 milligrams, a double shot about 130, a small cold brew about 200. Decaf has under 10. Peppermint tea and lemonade have none.',
    ],
  ]),
  ...inCategory('Beans and brewing', [
    [
      'Roasting days',
      'How fresh are the beans?',
      'We roast on Tuesdays and Thursdays. No bag on the shelf is older than ten days; the date is on the label. Beans are best from day four to week five.',
    ],
    [
      'Grinding',
      'Can you grind the beans for me?',
      'We grind for any brewer free of charge: tell us whether it is for drip, pour over, French press, moka pot or espresso.',
    ],
    [
      'Where the coffee comes from',
      'Where do you buy your coffee?',
      'From four farms and two cooperatives in Colombia, Guatemala, Ethiopia and Sumatra, which we pay at least forty percent above the market price. All of it is organic.',
    ],
    [
      'Brewing classes',
      'Do you teach brewing or latte art?',
      'Classes of two hours are held every other Wednesday at six in the evening: home brewing, espresso, latte art. They cost forty-five dollars, with a bag of beans to take home.',
    ],
  ]),
  ...inCategory('Subscriptions and gifts', [
    [
      'Changing or pausing a subscription',
      'How do I pause my subscription?',
      'Subscriptions can be changed, paused or ended on our website until two days before the next shipment. There is no fee and no minimum term.',
    ],
    [
      'Shipping of subscriptions',
      'When does my subscription ship?',
      'Subscriptions ship the day after roasting, on Wednesdays and Fridays, and take two to four days. Shipping within the United States is included.',
    ],
    [
      'Gift cards',
      'Do you sell gift cards?',
      'Gift cards from ten to two hundred dollars are sold at the counter and on our website. They never expire and work for subscriptions as well.',
    ],
    [
      'Loyalty program',
      'Do you have a loyalty card?',
      'The Pack gives one point for each dollar; sixty points are a free drink of any size. Sign up at the counter with a phone number or an email address.',
    ],
  ]),
  ...inCategory('About us', [
    [
      'Jobs',
      'Are you hiring?',
      'We look for baristas in spring and fall. Bring a résumé to the counter on a weekday afternoon or send it by email. Training is paid, and shift coffee is free.',
    ],
    [
      'Friday open mic',
      'Why are you open so late on Fridays?',
      'Friday is open mic night: music, poetry and stories from seven in the evening until half past midnight. Sign up at the counter from six. Entry is free; the kitchen closes at midnight.',
    ],
    [
      'The name',
      'Why are you called Mangy Dog?',
      'Biscuit, a scruffy stray, moved into the roastery the week it opened and never left. The shop is named after him; his portrait hangs above the grinder.',
    ],
  ]),
];
