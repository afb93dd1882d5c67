import type { DataSource } from 'typeorm';
import { MenuCategoryEntity } from '../../../entities/menu-category.ts';
import { documentLimits } from '../../services/catalogue/knowledge-kind.ts';
import type { FieldSpec, SectionSpec } from './form-view.ts';

const SLUG: FieldSpec = {
  name: 'slug',
  label: 'Short name',
  hint: 'Left empty it is made of the name.',
  maxlength: 100,
};
const POSITION: FieldSpec = {
  name: 'sortOrder',
  label: 'Position',
  type: 'number',
  min: 0,
  hint: 'The lowest is said and shown first.',
};

export const documentSections: SectionSpec[] = [
  {
    parts: [
      {
        fields: [
          { name: 'title', label: 'Title', required: true, maxlength: documentLimits.titleChars },
          { name: 'category', label: 'Category', required: true, maxlength: documentLimits.categoryChars },
        ],
      },
      {
        name: 'question',
        label: 'Question',
        maxlength: documentLimits.questionChars,
        hint: 'As a caller would ask it. Its words find the document.',
      },
      {
        name: 'body',
        label: 'Answer',
        type: 'textarea',
        rows: 12,
        hint: 'Short sentences, as they may be said. Of a long text Aida gets the passage that fits the question.',
      },
      { name: 'isDraft', label: 'Draft: Aida does not know of it yet', type: 'checkbox' },
      { fields: [SLUG, POSITION] },
    ],
  },
];

export const categorySections: SectionSpec[] = [
  {
    parts: [
      { fields: [{ name: 'name', label: 'Name', required: true, maxlength: 80 }, SLUG, POSITION] },
      { name: 'description', label: 'Description', type: 'textarea', rows: 2, maxlength: 600 },
    ],
  },
];

export async function itemSections(dataSource: DataSource): Promise<SectionSpec[]> {
  const categories = await dataSource
    .getRepository(MenuCategoryEntity)
    .find({ order: { sortOrder: 'ASC', id: 'ASC' } });
  const price: FieldSpec = { name: 'price', label: 'Price, $', inputmode: 'decimal' };
  const soldOut: FieldSpec = { name: 'soldOut', label: 'Sold out', type: 'checkbox' };
  return [
    {
      parts: [
        {
          fields: [
            { name: 'name', label: 'Name', required: true, maxlength: 80 },
            {
              name: 'categoryId',
              label: 'Category',
              type: 'select',
              required: true,
              options: categories.map(({ id, name }) => ({ value: String(id), label: name })),
            },
          ],
        },
        { name: 'description', label: 'Description', type: 'textarea', rows: 2, maxlength: 600 },
        {
          name: 'soldOut',
          label: 'Sold out for now',
          type: 'checkbox',
          hint: 'Calls under way are told within two seconds: Aida says so, and offers something like it.',
        },
        { name: 'isActive', label: 'On the menu', type: 'checkbox', hint: 'Otherwise Aida knows nothing of it.' },
      ],
    },
    {
      title: 'Sizes',
      parts: [
        {
          list: 'sizes',
          legend: 'Sizes',
          hint: 'A row whose name and price are empty is removed.',
          more: 'Add sizes',
          columns: [{ name: 'name', label: 'Size', maxlength: 80 }, price, soldOut],
        },
      ],
    },
    {
      title: 'Choices',
      parts: [
        {
          list: 'modifiers',
          legend: 'Choices',
          hint: 'Another milk, a syrup, a shot. Without a price it is free.',
          more: 'Add choices',
          columns: [
            { name: 'kind', label: 'Kind', maxlength: 40, placeholder: 'milk' },
            { name: 'name', label: 'Name', maxlength: 80 },
            { ...price, label: 'Extra, $' },
            soldOut,
          ],
        },
      ],
    },
    { title: 'Order', parts: [{ fields: [SLUG, POSITION] }] },
  ];
}

export const planSections: SectionSpec[] = [
  {
    parts: [
      { fields: [{ name: 'name', label: 'Name', required: true, maxlength: 80 }, SLUG] },
      { name: 'description', label: 'Description', type: 'textarea', rows: 3, maxlength: 600 },
      {
        fields: [
          { name: 'price', label: 'Price, $', required: true, inputmode: 'decimal' },
          { name: 'intervalCount', label: 'Every', type: 'number', min: 1, max: 52, required: true },
          {
            name: 'interval',
            label: 'Interval',
            type: 'select',
            options: ['week', 'month', 'year'].map((value) => ({ value, label: `${value}(s)` })),
          },
        ],
      },
      { name: 'isActive', label: 'Offered to callers', type: 'checkbox' },
    ],
  },
];
