import type { LanguageRules } from './language-rules.ts';

const WHEN_DAY =
  "(?:today|tonight|tomorrow|now|right now|late|early|mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?|weekends?|weekdays?|christmas(?: eve| day)?|thanksgiving|easter|new year'?s(?: eve| day)?|labor day|memorial day|independence day|the holidays?|the fourth|at (?:\\w+|noon)|this (?:morning|afternoon|evening|weekend)|past \\w+|until \\w+|till \\w+|on \\w+|any day)";
const PERSON =
  '(?:person|people|human|human being|someone|somebody|anyone|anybody|one of you|one of your \\w+|staff|manager|supervisor|boss|owner|agent|representative|rep|operator|employee|member of staff|team member|barista|roaster|real person|actual person|live person|whoever|who is in charge|the counter|the shop|the store|dana)';

/** What callers say in English. Written for text without accents, in lower case. */
export const english: LanguageRules = {
  shows: {
    hours: [
      /\b(?:opening|business|store|shop|working|your|the|holiday|weekend|regular|sunday|saturday) (?:hours|times?)\b|\bhours\b(?! (?:ago|and|each|later|at|with))/,
      new RegExp(
        `\\b(?:are|is|be|were|stay|still|you|you're|they|anybody) (?:you |y'all |guys |they |it |the (?:shop|store|place|cafe) |all )*(?:still )?(?:open|closed|closing|opening|there)\\b.{0,24}\\b${WHEN_DAY}`,
      ),
      /\b(?:are|is|do|will|if|whether) (?:you|ya|y'all|they|we|it|the (?:shop|store|place|cafe)|you guys|you all)(?: guys| all| still| even| be| ever| usually)* (?:open|opened|closed|operating|closing|opening)\b(?! (?:to|for (?:suggestions|questions)))/,
      /\b(?:when|what time|how late|how early|how long|until when|till when|which days?|what days?|at what time|til when)\b.{0,30}\b(?:open|opens|opened|opening|close|closes|closed|closing|lock up|shut|shuts|there|until|going|kitchen|serve|serving|start|come by|come in)\b/,
      /\byou (?:guys |all )?(?:open|close|shut|lock up|stay open|closing|opening)\b(?! (?:to|the (?:app|door|box|page|window)))/,
      /\b(?:y'all|they|the (?:shop|store|place|kitchen|cafe)) (?:open|close|closes|opens|shut|lock up|closing)\b/,
      /^(?:open|closed|hours|opening hours|closing time)$/,
      /\b(?:closing|opening) (?:time|hour)\b|\b(?:day off|holiday schedule|schedule)\b/,
      /\b(?:earliest|latest)\b.{0,30}\b(?:can i|could i|come|coffee|there|in)\b|\byour (?:earliest|latest)\b/,
      /\b(?:do|can) (?:you|i) (?:make|get|serve) (?:it|them|that|those|breakfast|lunch|food) (?:all day|until|before)\b|\bthem all day\b/,
      /\bwhat are your (?:hours|ours)\b|\b(?:what|which) ours\b/,
    ],
    location: [
      /\b(?:your|the|what's the|full|exact|shop|store) (?:adress|address|location)\b(?! (?:on|of|for) my)|\baddress (?:please|again)\b/,
      /\b(?:where|wear|whereabouts|where exactly|where abouts) (?:are|is|r) (?:you|y'all|the (?:shop|store|cafe|place|coffee shop)|ya|it (?:located|at)|your (?:shop|store|place|cafe))\b|\bwhereabouts\b|\b(?:where|wear) (?:you|you guys) (?:are|located|at)\b/,
      /\blocated\b|\bdirections?\b|\bwhat(?:'s| is)? (?:street|neighborhood|part of town|corner|floor)\b|\bwhich (?:street|corner|building|side|bus|neighborhood|exit|stop|station)\b/,
      /\b(?:find|get to|reach|getting to|drive to|walk to) (?:you|your (?:shop|store|place|cafe)|the (?:shop|store|cafe))\b/,
      /\bhow (?:do|can|would|does) (?:i|we|one|you) (?:get|come|go|drive|walk) (?:there|to you|over|down|in)\b/,
      /\bparking\b|\b(?:can|could|do|where|may) (?:i|we|you|people|one|usually|do people)\b.{0,20}\b(?:park|leave (?:the|my|their|a|our) (?:car|bike|truck))\b|\bpark (?:there|nearby|my)\b/,
      /\b(?:are|is) (?:you|that|it|you guys|this)(?: guys| still)? (?:the one|at that place|at the|by the|near|downtown|close to|across|next to|on (?:the )?(?:corner|\w+ (?:street|st|avenue)))\b/,
      /\bhow far\b|\b(?:bus|train|subway|ferry) (?:stop|line|station)s?\b/,
    ],
    menu: [
      /\bmenu\b/,
      /\bwhat(?:'s| is| are| all)? (?!sizes)(?:\w+ ){0,2}(?:do|can|could|would) (?:you|y'all|you guys|you all|they)(?: guys| all)? (?:all )?(?:have|serve|sell|make|offer|got|carry|do)\b(?! (?:on sale|on special|about|with|if))/,
      /\bwhat (?:do|does) (?:you|y'all) (?:all )?(?:have|serve|sell|make|offer|carry)\b|\bwhat(?:'s| is| have) (?:on offer|good|there to (?:eat|drink)|for (?:breakfast|lunch|brunch|dinner|dessert))\b/,
      /\bwhat (?:have|has) (?:you|y'all) got\b|\bwhat (?:you|y'all) got\b/,
      /\b(?:what|which) (?:kinds?|sorts?|types?|varieties|flavou?rs?|options|choices|selection)\b|\bwhat (?:\w+ )?(?:teas?|pastries|sandwiches|cakes|desserts|drinks|coffees|soups?|beans|snacks|food|foods|roasts|juices)\b(?! (?:is|was|cost))/,
      /\b(?:run me through|read me|list me|tell me|walk me through|list|name) (?:the|your|all|what) (?:\w+ ){0,2}(?:drinks?|menu|food|sandwiches|pastries|teas?|coffees|options|items|you have|beans|list)\b/,
      /\b(?:anything|something) (?:sweet|savou?ry|to eat|to drink|warm|cold|hot|for breakfast|for lunch)\b|\bis there (?:breakfast|lunch|food|brunch)\b|\b(?:do you|you) (?:have|serve|do) (?:any )?(?:food|breakfast|lunch|brunch|pastries|sandwiches|snacks|desserts?)\b/,
    ],
    product: [],
    diet: [
      /\b(?:allerg\w*|celiac|coeliac|gluten\w*|vegans?|vegetarian|plant[- ]based|lactose|dairy[- ]free|non[- ]dairy|nut[- ]free|kosher|halal|keto|low[- ]carb|diabet\w*|calories?|carbs|sugar[- ]free|unsweetened|caffeine|caffeinated|intoleran\w*|cross[- ]?contamination|peanuts?|tree nuts?|wheat|ingredients?|dietary)\b/,
      /\b(?:any|has|have|with|without|there|contain|contains|of|no) (?:any )?(?:nuts|dairy|eggs?|soy|milk in|meat|pork|alcohol|sesame|sugar)\b(?: in)?/,
      /\b(?:can't|cannot|can not|don't|not allowed to) (?:have|eat|drink|tolerate|do) (?:\w+ )?(?:dairy|milk|nuts|wheat|eggs?|sugar|meat|pork|soy|bread|flour|caffeine)\b/,
    ],
    order: [
      /\b(?:place|make|put in|change|take|track|do|check on|start) (?:an|my|the|a) (?:\w+ )?order\b|\b(?:an|my|the|our|this|online|pickup|pick-up|takeout) order\b|\border(?:ed)? (?:\w+ )?(?:online|ahead|something|some|two|three|a|an|one|lunch|breakfast|coffee|for|food)\b/,
      /\b(?:can|could|may|like to|want to|wanna|wanted to|i'll|let me|gonna|how do i|to) (?:i |we |you )?(?:please |just )?order\b/,
      /\b(?:pick(?:ing)? ?(?:it|them|that|something|some|this|those)? ?up|pickup|pick-up|takeout|take-out|take away|takeaway|to go|to-go|for here|carry ?out|curbside)\b(?! (?:my|the) (?:phone|kids?|daughter|son|accent))/,
      /\bdeliver(?:y|ies|ing|s|ed)?\b(?! (?:to my (?:house|home|door) every))|\bbring (?:\w+ ){0,3}(?:over|to my|to our|here)\b/,
      /\b(?:put me down for|set (?:\w+ ){0,3}aside|hold (?:\w+ ){0,2}for me|have (?:\w+ ){1,5}ready|get (?:\w+ ){1,6}ready|i'll (?:take|have|get)|i'd like (?:a|an|two|three|four|five|six|some|one) (?!person|human|table|message|refund|voice|manager|real|subscription|quote|job|word|call))/,
      /\b(?:where|any idea where|track|status of).{0,20}\b(?:order|package|parcel|shipment|my beans|delivery|my food|our food)\b|\b(?:package|parcel|order)\b.{0,25}\b(?:arrive|arrived|here|late|lost|missing|come)\b/,
      /\b(?:can|could|may) (?:i|we) (?:get|have|grab) (?:a|an|two|three|four|five|six|some|one|\d+) (?!person|human|table|message|refund|voice|manager|real|quote|call|word|minute|second|question|discount|hold|job|callback|copy|agent|representative)/,
      /\b(?:need|want|like) (?:a dozen|two dozen|half a dozen|\d+|coffee for|lunch for|food for|drinks for)\b/,
    ],
    subscription: [
      /\bsubscri\w*|\bunsubscri\w*/,
      /\b(?:monthly|weekly|my|your|the|bean|beans|coffee|which|a) plans?\b(?! (?:b\b|for (?:today|tonight)))|\bplan's\b/,
      /\b(?:beans|coffee|bag|bags|it)\b.{0,40}\b(?:every|each|once a|per) (?:month|week|two weeks|other week)\b/,
    ],
    cancel: [
      /\b(?:cancel\w*|unsubscribe|call off|calling off|scrap|back out|take me off|sign me off|end my|terminate)\b/,
      /\b(?:pause|put (?:\w+ ){1,3}on hold|suspend|stop (?:my|the|getting|receiving|sending|shipping)|skip (?:a|next|this|my next) (?:month|week|shipment|delivery|box|bag)|end the (?:subscription|plan))\b/,
    ],
    promotion: [
      /\b(?:promos?|promotions?|specials|deals?|discount\w*|coupons?|vouchers?|special offers?|offers|an offer|the offer|this offer|your offer|on sale|sale|bogo|money off|promo code|percent off|half price|two for one|buy one|giveaway|happy hour|special price|rebate)\b(?! with it)/,
      /\b(?:anything|something|what's|what is|is) (?:\w+ )?on special\b|\bspecial\b.{0,20}\b(?:today|this week|going on|right now)\b/,
      /\b(?:free|give away|giving away|gives? away|give out|get) .{0,20}\b(?:bags?|drinks?|coffees?|beans?)\b.{0,10}\b(?:free)?\b(?<=free)|\b(?:give|gives|giving) away\b|\b(?:bags?|drink|coffee|one|beans?|third|second) (?:is |are |for |comes? )?free\b/,
      /\b(?:a|the|my|this|that|got|have|enter|your) (?:\w+ )?code\b(?! to the)|\bcodes?\b.{0,20}\b(?:work|valid|checkout|expired?)\b/,
      /\b(?:seniors?|students?|veterans?|military|teachers?|nurses?|first responders?)\b.{0,25}\b(?:anything off|off|discount|price|cheaper|rate)\b/,
    ],
    booking: [
      /\b(?:reserv\w*|book (?:a|the|us|me|your|an)|booking|booked)\b(?! club)/,
      /\b(?:cater\w*|back room|private event|event|party|wedding|coffee cart|workshops?|brewing class\w*|class|classes|courses?|lessons?|latte art|rent (?:out|the)|platters?|meeting room|venue|cupping|tastings?)\b(?! (?:of water))/,
      /\b(?:hold|save|get|have|keep|need) (?:\w+ ){0,3}(?:table|tables|seats?|spots?|places?) (?:for|at|by|on|together|please)\b|\btable for\b|\b(?:fit|seat|take|accommodate|room for|space for) (?:\w+ ){0,3}(?:of us|group|party|people|persons|guests)\b|\bgroup of\b/,
    ],
    knowledge: [
      /\b(?:wi-?fi|internet|laptops?|password|outlets?|dogs?|puppy|puppies|pets?|cats?|leash|gift ?(?:cards?|certificates?)|loyalty|reward\w*|points|punch card|lost and found|umbrella|left (?:my|a|an|something)|lost my|patio|outdoor|outside|terrace|seating|high chairs?|stroller|wheelchair\w*|accessib\w*|ramp|bathroom|restroom|restrooms|toilet|smoke|smoking|open mic|live music|band|gig|mural|artist|paint(?:ed|ing)|founded|owner(?:s)? (?:is|are|from)|fair[- ]trade|organic|ethical|roast(?:ed|ing)? (?:on|days?|when|date)|roasted|grind\w*|ground for|source|farms?)\b/,
      /\b(?:apple pay|google pay|venmo|paypal|credit cards?|debit|cash|checks?|contactless|tap to pay|use my card|accept|pay (?:with|by)|take cards?|cards only)\b/,
      /\b(?:where|which (?:country|countries|farms?))\b.{0,20}\b(?:beans|coffee|milk)\b.{0,20}\b(?:from|grown|come)\b|\bhow fresh\b/,
      /\bwhy (?:is|are|do|did) (?:it|you|the (?:shop|store|place|cafe)|they)\b.{0,30}\b(?:called|named|name)\b|\bname\b.{0,12}\b(?:come from|mean)\b/,
      /\b(?:somebody|someone|anyone|anybody) (?:found|find|turn(?:ed)? in)\b|\bdid (?:you|anyone|anybody|someone) find\b|\bleft (?:it|my|his|her|our) (?:\w+ )?(?:at|in|on|by) (?:your|the|my) (?:place|shop|store|table|counter|cafe)\b/,
      /\b(?:do|does|did|have) (?:you|y'all|they)(?: guys)? (?:know|buy|donate|sponsor|support|recycle|host|allow|use|play|accept|work with|give to|partner)\b/,
      /\bwho (?:is|was|are|owns|founded|made|designed|painted|runs|roasts|plays|sings|wrote)\b|\bis the (?:owner|founder|roaster)\b|\bwhat (?:song|music|machine|brand|grinder)\b/,
    ],
    jobs: [
      /\b(?:hiring|hire|job openings?|job opening|openings?\b(?! (?:hours|times?))|positions?|vacanc\w*|(?:looking for|want|need|find|get|any|part[- ]time|summer|apply for|after|about) (?:a |the )?(?:\w+ )?(?:jobs?|work\b(?! for me))|resumes?|my cv|job application|my application|application form|applied for|apply(?:ing)? (?:for|here|at|to work)|applying|job interview|an interview|interview(?:ed)?|internship|part[- ]time|need (?:any )?baristas|barista (?:job|position|experience|work)|(?:like|love|want|wants|wanted|wish|hoping|start(?:ing)?) (?:to )?work(?:ing)? (?:at|for|with|there|here)|employment|recruit\w*)\b/,
      /\b(?:what|how much) do you pay (?:your )?(?:baristas|staff|people|employees)\b/,
    ],
    complaint: [
      /\b(?:complain\w*|complaints?|refund\w*|money back|reimburse\w*|wrong (?:order|drink|item|thing|food|bag|beans|coffee|size|sandwich)|overcharg\w*|charged (?:me )?(?:twice|double|too much|wrong)|double[- ]charged|charged me|ripped off|rip-?off|disappoint\w*|unacceptable|ridiculous|disgust\w*|terrible service|awful|horrible|worst|rude|unhappy|not happy|furious|outrag\w*|pissed|upset|angry|fed up|sick of (?:it|this|that|waiting|your)|stale|spilled|spilt|undrinkable|burnt|burned|mold\w*|food poisoning|got sick|made me sick|poor service|bad service|bad experience|nobody apologized|never (?:again|coming back)|lousy|(?:this is|what) a joke|disgrace|hair in)\b/,
      /\b(?:was|were|came|arrived|tasted|tastes) (?:\w+ )?(?:cold|lukewarm|stale|raw|broken|half empty|late|soggy|off|sour|dirty|gross|nasty|inedible)\b(?! brew)/,
      /\b(?:half|part|some|one) of (?:it|my order|the order|them)(?:'s| is| was| are| were) (?:missing|wrong|gone)\b|\b(?:how i was|the way i was|i was) treated\b|\b(?:been )?waiting (?:for )?(?:over |about |like |almost )?(?:an hour|\w+ minutes|\w+ hours|forever|ages)\b/,
      /\b(?:i|we) asked for (?:\w+ ){1,4}and (?:this|it|i|got|they|you)\b|\banother machine\b|\bcalled (?:you )?(?:three|four|five|several|many|\d) times\b|\bi want to complain\b|\bate my (?:points|money)\b/,
    ],
    transfer: [
      new RegExp(
        `\\b(?:speak|talk|chat|have a word|a word|speaking|talking) (?:to|with) (?:a |an |the |some ?|your |one of (?:the|your) |with )?(?:\\w+ ){0,2}?${PERSON}\\b`,
      ),
      new RegExp(
        `\\b(?:put me (?:through|on)|connect me|transfer me|pass me|hand me over|patch me|get me|give me|put (?:me )?on|let me have|bring me) (?:\\w+ ){0,3}?(?:to )?(?:\\w+ ){0,2}?${PERSON}\\b`,
      ),
      /\b(?:put me through|connect me|transfer me|patch me through|pass me (?:on|over|to)|could you connect|can you connect)\b/,
      new RegExp(
        `^(?:a |an |the |i (?:need|want) (?:to (?:talk|speak) to )?(?:a |an |the )?|give me (?:a |an |the )?)?(?:\\w+ )?(?:agent|representative|operator|human|real person|person|supervisor|manager)(?: please)?$`,
      ),
      /\b(?:put|get) (?:someone|somebody|a (?:real )?(?:person|human)|your (?:manager|boss|supervisor)|the manager) on\b|\bget me (?:your|the|a) (?:manager|boss|owner|supervisor)\b/,
      /\b(?:actual|real|live) (?:human|person|people|being)\b|\bi (?:need|want) (?:a |to (?:talk|speak) to a )?(?:person|human|somebody|someone real)\b|\b(?:someone|somebody) (?:real|human|who (?:does|knows|can))\b|\bsomeone in charge\b/,
      /\b(?:speak|talk) to (?:them|him|her|dana|the \w+|[a-z]+)(?: now| directly)?$/,
      /\b(?:is|might|would) (?:the )?(?:manager|owner|boss|roaster|supervisor)(?: be)? (?:there|around|available|in|free)\b/,
    ],
    voicemail: [
      /\bvoice ?mail\b|\b(?:leave|take|record|give|pass on|pass along|i'd like|drop) (?:\w+ ){0,2}(?:a|my|the|one)? ?messages?\b|\ba message (?:for|to)\b|\blet me leave one\b/,
      /^(?:please )?tell [a-z]+ (?:that|to|i)\b|\b(?:can|could|would|will) you (?:please )?tell (?:him|her|them|the (?:owner|manager|boss)|[a-z]+) (?:that|to|i)\b/,
    ],
    callback: [
      /\b(?:call|phone|ring) (?:me|us) (?:back|later|tomorrow|today|tonight|after|when|at|this|on|again|in)\b|(?<!i'll |i will |i can |i'd |i could |let me |to )\b(?:call|called|phone|ring|calling)[ -]?back (?:me|please|later|tomorrow|from|at|request)\b|\ba (?:call|phone) ?back\b|\bcallback\b|\bgive me a (?:call|ring|buzz)\b/,
      /\b(?:have|let|ask|get) (?:someone|somebody|them|him|her|one of you|your \w+|the \w+|anyone) (?:to )?(?:call|ring|phone|give|contact|get back|reach)\b|\bget back to me\b|\bring me\b|\b(?:someone|somebody|you|they|one of you) (?:please )?(?:call|phone|ring) me\b|\bphone me\b|\breach me\b/,
    ],
    language: [
      /\b(?:speak|speaks|do|talk|have|understand|in|someone who speaks) (?:any |only |some )?(?:spanish|french|german|italian|portuguese|chinese|mandarin|cantonese|russian|arabic|japanese|korean|vietnamese|polish|haitian|creole|somali|another language)\b|\bspanish[- ]speak\w*\b|\b(?:spanish|french) please\b|^spanish$/,
    ],
    goodbye: [
      /\b(?:bye|goodbye|good bye|bye-bye|buh-bye|good ?night|so long|farewell|see you|see ya|take care|talk to you later|have a (?:good|nice|great|lovely|wonderful) (?:one|day|night|evening|weekend|afternoon)|catch you later)\b/,
      /\b(?:that's|that is|that was|that'll be|that will be|thats|it was) (?:about |really )?(?:all|it|everything)\b(?! (?:over|wrong|the|in|about|i'm|kinds?))/,
      /^(?:ok(?:ay)? |alright |great |thanks |all right )?(?:later|laters|buy|by|cheers|ciao|adieu|au revoir)$/,
    ],
  },
  price:
    /\b(?:how much|prices?|pricing|costs?|(?:you|they|that) charge|expensive|cheap\w*|going for|set me back|run me|what(?:'s| is| are| do| does) (?:\w+ ){1,5}(?:cost|run|go for|going for)|rate|fee)\b/,
  about:
    /\b(?:sizes?|how (?:big|large|small|strong|many ounces|many grams|many milliliters|sweet)|what(?:'s| is) in (?:a|an|it|that)|what(?:'s| is) the difference|difference between|made (?:of|with)|does it come|do they come|is it a (?:double|single)|double shot|come (?:in|with)|ounces|decaf|iced|hot or cold|something called)\b/,
  has: /\b(?:you|y'all|u|ya|they)(?: guys| all| still| also| even| by any chance| ever){0,2} (?:have|sell|carry|make|got|serve|stock|offer)\b|\b(?:is|are) there (?:any|an?|some|still)\b|\bany .{1,30} (?:left|today|over there|available)\b/,
  yes: /^(?:(?:um|uh|oh|well|hm|ok|okay|alright|great|good|perfect|sure|right),? )*(?:yes|yeah|yea|yep|yup|sure|please|ok|okay|alright|fine|do (?:that|it|so)|you do that|that (?:works|would|'d|sounds)|that'd|i'd (?:like|love)|i would|go ahead|sounds good|why not|of course|absolutely|definitely|certainly|good idea|works for me|let's)\b/,
  no: /\b(?:no|nope|nah|not|don't|never mind|forget it)\b/,
};
