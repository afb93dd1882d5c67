import { tellStories } from './tell.fixture.ts';

tellStories([]);
