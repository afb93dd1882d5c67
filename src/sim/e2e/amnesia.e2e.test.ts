import { tellStories } from './tell.fixture.ts';

// Each actor is dropped and rebuilt from its journal after every fact, and must come to the same end.
tellStories(['--amnesia']);
