"""Ordinary words of English and Spanish, folded, with which no message greets a doctor.

English: the words of the Dale-Chall list, as textstat (MIT license) has it, without those that are also known as names,
such as `brown`, `do` or `june`. Words of fraud, threats and advertisements are added. Spanish: words that sentences of
this kind have. Other forms of a word, such as plurals, are left to `is_ordinary`.

The list is short on purpose: a word that is missing can become the one word of a greeting, but no sentence.
"""

_ENGLISH = """
    able aboard about above absent abuse accept access accident account accounts ache aching acorn across act action
    activate acts actually add address admire adventure afar afraid after afternoon afterward afterwards again against
    age aged agent ago agree ah ahead aid aids aim air airfield airplane airport airship airy alarm alert alike alive
    all allegation alligator allow almost alone along aloud already also always am america among amount and anger angry
    animal anonymous another answer ant any anybody anyhow anyone anything anyway anywhere apart apartment ape apiece
    appear apple apply apron archive are arent arise arithmetic arm armful army arose around arrange arrest arrive
    arrived arrow artist as asap ashes aside ask asleep assassin at ate attachment attack attend attention attorney
    audit aunt author authorities authorize auto automobile avenue avoid awake awaken award away awful awfully awhile ax
    axe baa babe babies back background backward backwards bad badge badly bag bake bakery baking balloon banana band
    bandage banjo banker bankrupt bar bare barefoot barely bark barrel base baseball basement basket bastard bat batch
    bath bathe bathing bathroom bathtub battleship be bead beam beast beat beating beautiful beautify beauty became
    because become becoming bed bedbug bedroom bedspread bedtime bee beech beef beefsteak beehive been beer before beg
    began beggar begged begin beginning begun behave behind being believe belong below belt bench bend beneath bent
    berries beside besides bet better between beware bib bible bicycle bid big bigger bill billboard billing bin bind
    birth birthday biscuit bit bitch bitcoin bite biting bitter blackberry blackbird blackboard blackmail blackness
    blacksmith blame blank blanket blast blaze bleed bless blessing blew blind blindfold blinds block blog blossom blot
    blow blue blueberry bluebird blush board boast boat bobwhite bodies body boil boiler bold bomb bone bonnet bonus boo
    book bookcase bookkeeper boom boot born borrow boss both bother bottle bottom bought bounce bowl bowwow box boxcar
    boxer boxes boy boyhood bracelet brain brake brave breach bread break breakfast breaking breast breath breathe
    breeze bribe brick bride brightness bring broad broadcast broke broken broom brother brought brush bubble bucket
    buckle bud buffalo bug buggy build building built bulb bullet bum bumblebee bump bun bunch bundle bunny burst bury
    bus bushel business busy but butt butter buttercup butterfly buttermilk butterscotch button buttonhole buy buyer
    buzz by bye cab cabbage cabin cabinet cackle cage cake calendar calf call caller calling came camel campfire can
    canal canary cancel cancellation cancer candle candlestick cane cannot canoe cant canyon cap cape capital captain
    car card cardboard care careful careless carelessness carload carpet carriage carrot carry cart cartoon carve
    cashier casino cat catbird catch catcher caterpillar catfish catsup cattle caught cause cave cease ceiling cell
    cellar cent center cereal certain certainly certify chain chair chalk change charge charged charm chart chatter
    cheap cheat cheater check checkers cheek cheer cheese chest chick chicken chief child childhood children chill
    chilly chimney china chip chipmunk chocolate choice choose chop chorus chose chosen christen churn cigarette circle
    circus citizen city claim clang clap class classified classmate classroom claw clean cleaner clear clerk clever
    click climb clip cloak clock close closet cloth clothes clothing cloudy clover clown club cluck clump coach coal
    coast coat cobbler cocaine cocoa coconut cocoon cod codfish coffee coffeepot coin cold collar college color colored
    column com comb come comfort comic coming company compare compensation complaint complimentary compromise computer
    conductor cone confirm congratulations connect consent contact contract coo cooked cookie cookies cooking cool
    cooler coop copper copy cord cork corn corner correct cost cot cottage couch cough could couldnt count counter
    country county coupon course court cousin cover covid cow coward cowardly cowboy cozy crab crack cracker cradle
    cramps cranberry crank cranky crash crawl crazy cream creamy credential credit creek creep crept cried cries crime
    criminal croak crook crooked crop crosseyed crossing crowd crowded crown cruel crumb crumble crush crust cry crypto
    cryptocurrency cryptos cub cuff cup cupboard cupful cure curl curly currency curtain curve cushion custard customer
    cut cute cutting dab dad daddy daily dairy dam damage damp dance dancer dancing dandy danger dangerous dare dark
    darkness darn dart dash data database date daughter daybreak daytime dead deaf dear death debit debt decease
    december decide deck deed deep defeat defend defense defraud delete delight demand dentist deny depend deposit
    describe desert deserve desire desk destroy detail devil dew did didnt die died dies diet difference different dig
    dim dime dingdong dinner dip direct direction dirt dirty disability disclose discount discover disease dish dislike
    dismiss ditch dive diver divide dock doctor does doesnt dog doll dollar dollars dolly domain donate donation done
    donkey dont door doorbell doorknob doorstep dope dot double dough down download downstairs downtown dozen drag drain
    drank draw drawer drawing dream dress dresser dressmaker dried drift drill drink drip drive driven drop drove drown
    drowsy drub drug drum drunk dry duck due dug dull dumb dump during dust duty dwarf dwell dwelt dying each eager earn
    earnings earth eastern easy eat eaten edge egg eh eight eighteen eighth eighty either elbow eldest electric
    electricity elephant eleven elf eliminate else elsewhere email emergency employee employer empty encrypt end ending
    enemy engine engineer enjoy enlarge enough enter envelope equal erase eraser erection errand escape escort euro even
    evening ever every everybody everyday everyone everything everywhere evidence evil exact except exchange excited
    exciting excuse execute exit expect expire expires explain expose extort extra eye eyebrow face facebook facing fact
    factory fail faint fake fall false family fancy far faraway fare farm farming faroff farther fashion fast fasten fat
    father fault favor favorite fbi fear feast feather february fed federal fee feed feel feet fellow felony felt fence
    fever few fib fiddle fifteen fifth fifty fig fight figure file fill film final finally find fined finger finish fire
    firearm firecracker fireplace fireworks firing firm first fist fit fits five fix flag flake flame flap flash
    flashlight flat flea flesh flew flies flight flip flipflop float flock floor flop flour flow flowery flutter foam
    fog foggy fold folks follow following fond food fool foolish foot football footprint for forehead forget forgive
    forgot forgotten fork form forth fortune forty forward fought found four fourteen fourth frame fraud fraudster free
    freebie freedom freeze freight fresh fret fried friendly friendship frighten frog from front frown froze fruit fuck
    fudge fuel full fully fun fund funds funny fur furniture further fuzzy gain gallon gallop gamble game garage garbage
    garden garnish gas gasoline gather gave gear geese general gentle gentleman gentlemen geography get getting giant
    gift gingerbread girl give given giving gladly glance glasses gleam glide glory glove glow glue go goal goat gobble
    god godmother goes going goldfish golf gone goodby goodbye goodlooking goodness goods google goose gooseberry got
    govern government gown grab gracious grade grain grandchild grandchildren granddaughter grandfather grandmother
    grandpa grandson grandstand grapefruit grapes grass grasshopper grateful gravel graveyard gravy graze grease great
    greet grew grind groan grocery ground group grow guarantee guaranteed guard guess guide guilty gulf gum gun
    gunpowder ha habit hack hacker had hadnt hair haircut hairpin half halt handful handkerchief handle handwriting
    happen happily happiness happy harass harbor hard hardly hardship hardware hark harm harness harvest has hasnt haste
    hasten hasty hat hatchet hate haul have havent having hayfield haystack headache heal health healthy heap hear
    hearing heart heat heater heaven heavy hed heel height held hell hello helmet help helper helpful henhouse her herd
    here heres hero hers herself hes hey hickory hid hidden hide high highway hillside hilltop hilly him himself hint
    hip hire his hiss history hit hitch hitler hive hog hold holder hole holy home homely homesick honest honeybee
    honeymoon honk honor hoof hopeful hopeless horse horseback horseshoe hose hospital host hostage hot hotel hound hour
    housetop housewife housework how however html http https hug huge humble hump hundred hunger hungry hunk hurrah
    hurried hurry hurt hush hut hymn ice icy id idea ideal idiot if ill illegal im immediate immediately immigration
    important impossible improve in inch inches income indeed indian indict indoors infect infection inform information
    inheritance ink inn inquiry insect inside install instant instead insult insurance intend interested interesting
    internet into invest investigate investigation investment invite invoice iron irs is island isnt it its itself ive
    jacket jackpot jacks jail january jar jaw jelly jellyfish jerk jig job jockey join joke joking journey joyful jug
    juice juicy july jump junk just keep kept kettle kick kidnap kill killed killer kind kindly kindness kingdom kiss
    kitchen kite kitten kitty knee kneel knew knife knit knives knock knot know known ladder ladies lady lame language
    lantern lard large lash lass last late laugh laundry lawsuit lawyer lay lazy leader leaf leak lean leap learn
    learned least leather leave leaving led left leg legal lemon lemonade lend length less lesson let lets letter
    letting lettuce level liable liar liberty library lice license lick life lift lightness lightning like likely liking
    limited limp line linen link lip list listen lit live lively liver lives living lizard load loaf loaves locomotive
    log login logon lone lonely lonesome look lookout loose lose loser loss lost lottery loud lovely lover luck lucky
    lumber lunch lying machine machinery mad made magazine magic maid mail mailbox mailman make making male malpractice
    malware mama mamma manager manger many map marriage married marry mask master mat match matter mattress maybe
    maypole me meal mean means meant measure meat medicaid medicare medication medicine meet meeting melt member men
    mend meow mess message met metal microsoft middle midnight might mighty mile milk milkman million mind mine minute
    mirror mischief misconduct miss misspell mistake misty mitt mitten mix molest moment money monkey month moo
    moonlight moose mop more morning morrow most mostly mother motor mount mountain mouse mouth move movie movies moving
    mr mrs much mud muddy mug mule multiply murder murderer music must my myself name nap napkin narrow nasty naughty
    navy nazi near nearby nearly neck necktie need needle neednt neighbor neighborhood neither nerve nest net netflix
    never nevermore new news newspaper next nibble nice nickel nightgown nine nineteen ninety nobody nod noise noisy
    none nor northern nose not note nothing notice notification notify november now nowhere nude number nurse nut oar
    oatmeal oats obey obligation ocean oclock october odd of off offender offer office officer official often oil old
    oldfashioned once one onion online only onward open opiate opioid or orchard order ore organ other otherwise ouch
    ought our ours ourselves out outbreak outdoors outfit outlaw outline outside outward oven over overalls overcoat
    overdue overeat overhead overhear overnight overturn owe owed owing owl own owner pa pack package pad paid pail pain
    painful paint painter painting pair pal palace pale pancake pane pants papa paper parade pardon part partly partner
    party pass passenger password past paste pasture patch path patient patter pave pavement paw pay payable payday
    payment paypal pea peaceful peaches peak peanut peas pedophile peek peel peep peg pen penalty pencil people
    peppermint perfume perhaps person pervert pet pharmacy phishing phone piano pick pickle picnic picture pie piece pig
    pigeon piggy pile pill pillow pin pine pineapple pink pint pipe piracy pirate pistol pit pitch pitcher pity place
    plain plan plane plant plate platform platter play player playground playhouse playmate plaything please pleasure
    plenty plow plug pocket pocketbook poem point poison poke police policeman polish polite ponies pony poor pop
    popcorn popped porch pork porn pornography possible postage postman pot potato potatoes pound pour powder powerful
    praise pray prayer prepare prescribe prescription present pretty prick princess print prison prize problem process
    product profit promise promo promotion proper prosecute prosecution protect proud prove prune public publish puddle
    puff pull pump pumpkin punch punish punishment pup pupil puppy purchase pure purple purse push puss pussy pussycat
    put putting puzzle quack quart quarter queen queer question quickly quiet quilt quit quite rabbit race rack radio
    radish rag rail railroad railway rainbow rainy raise raisin rake ransom rap rape rapidly rapist rat rate rather
    rattle raw reader reading ready real really reap rear reason rebate rebuild recall receive recess record redbird
    redbreast refinance refund refuse register registration reindeer reject rejoice relationship release remain remember
    remind reminder remit remove renew rent repair repay repeat reply report require reset respond response rest
    restrict return reveal revenge review reward rib ribbon rid riddle ride riding right rim ring rip ripe rise rising
    risk road roadside roar roast robber robe rocket rode roll roller roof room rooster root rope rot rotten rough round
    route rowboat rub rubbed rubber rubbish rug rule ruler rumble run runner running sack sad saddle sadness safe safety
    sail sailboat sailor salad sale same sample sandwich sandy sank sap sash sat satin satisfactory saturday sausage
    save savings saw say scab scales scam scammer scandal scare scarf school schoolboy schoolhouse schoolmaster
    schoolroom scorch score scrap scrape scratch scream screen screw scrub sea seam search season seat second secret
    secure security see seed seeing seek seem seen seesaw seize select selfish send sense sent sentence separate
    september servant serve service set setting settle settlement seven seventeen seventh seventy several sex sexual
    sexy shadow shady shake shaker shaking shall shame shant shape share shave shear shears shed sheep sheet shelf shes
    shine shining shiny ship shirt shit shock shoe shoemaker shone shook shoot shop shopping shore shot should shoulder
    shouldnt shout shovel show shower shut shutdown shy sick sickness side sidewalk sideways sigh sight sign signup
    silence silent silk sill silly simple since single sip sit sitting six sixteen sixth sixty size skate skater ski
    skin skip skirt sky slam slap slate slave sled sleep sleepy sleeve sleigh slept slice slid slide sling slip slipped
    slipper slippery slit slow slowly slut sly smack smell smile smoke smooth snail snake snap snapping sneeze snowball
    snowflake snowy snuff snug soak soap sob socks sod soda sofa soft soil sold soldier sole some somebody somehow
    someone something sometime sometimes somewhere soon sore sorrow sorry sort soul sound soup southern space spade spam
    spank speak specialist speech spell spelling spend spent spider spike spill spin spinach spirit spit splash spoil
    spoke spook spoon sport spot spread springtime sprinkle spyware squash squeak squeeze squirrel stable stage stall
    stamp stand stare start starve state states station stay steak steal steam steamboat steamer steep steeple steer
    step stepping stick sticky stiff stillness sting stir stitch stocking stole stolen stood stool stoop stop stopped
    stopping store stories stork stormy stove straight strange stranger strap straw strawberry stream stretch string
    strip stripes stuck study stuff stung subject subpoena subscribe subscription such suck sudden suffer suicide suit
    sum summon sunflower sunk sunlight sunrise sunset sunshine supper support suppose sure surely surface surprise
    suspect suspend suspended suspension swallow swam swamp swat swear sweat sweater sweep sweetheart sweetness swell
    swept swim swimming swindle switch sword swore table tablecloth tablespoon tablet tag tail take taken taking tale
    talk talker tall tank tap tape tardy target task taste taught tax teach teacher team tear tease teaspoon teeth
    telephone tell temper tennis tent term terminate termination terrible terror terrorist test than thank thankful
    thanks thanksgiving that thats the theater thee theft their them then there these they theyd theyll theyre theyve
    thick thief thimble thin thing think third thirsty thirteen thirty this those though thought thousand thread threat
    threaten three threw throat throne through throw thrown thumb thunder thursday thy tick ticket tickle tie tiger
    tight time tinkle tiny tip tiptoe tire tired title toad toadstool toast tobacco today together toilet told tomato
    tomorrow ton tone tongue tonight too took tool toot tooth toothbrush toothpick tore torn toss touch toward towards
    towel town toy trace track trade train tramp transaction transfer trap tray treasure treat treatment tree trial
    trick tricycle tried trip trojan trolley trouble truck truly trunk trust truth try tuesday tumble tune tunnel turkey
    turn twelve twenty twice twig twin two ugly umbrella unauthorized uncle under understand underwear undress unfair
    unfinished unfold unfriendly unhappy unhurt uniform united unkind unknown unless unlock unpaid unpleasant
    unsubscribe until unwilling up update upgrade upon upper upset upside upstairs uptown upward urgent urgently us use
    used useful user username valid validate valley valuable value vase vegetable velvet vendor verification verify very
    vessel viagra victim victory video view village violation virus visa visit visitor voice vote voucher wag wagon
    waist wait wake waken want warn warning warrant warranty was washer washtub wasnt waste watch watchman watermelon
    waterproof wave wayside we weak weaken weakness wealth weapon wear weary weather weave webcam website wed wedding
    wednesday week weep weigh weight welcome went were western wet weve whale what whats wheel when whenever where which
    while whip whipped whirl whiskey whisky whisper whistle who whod wholl whom whore whos whose why wicked wide wife
    wiggle wildcat willing windmill window windy wink winner wipe wire wish wit witch with withdraw without woke woman
    won wonder wonderful wont wooden woodpecker woolen wore work worker workman world worm worn worry worse worst would
    wouldnt wound wove wrap wrapped wreck wring write writing written wrong wrote wrung www xxx year yell yellow yes
    yesterday yet yolk yonder you youd youll your youre yours yourself yourselves youth youve
"""
_SPANISH = """
    abierta abierto abogado abra abre abrir acceso ahora algo alguien alguno alli amenaza amor ante antes aqui asesino
    aunque aviso ayuda bajo banco bien bloqueada bloqueado bueno busca buscar cada caduca cancela cancelada cancelado
    cancelar carcel casa casi clave clic cliente cobrar cobro codigo compra comprar compre con confirma confirmar
    confirme consulta contra contrasena correo cosa cual cuando cuanto cuenta cuentas cuerpo culpable dame dar debe
    deben debes debo deja dejar del delito demanda demandado dentro denuncia derecho descargar descuento desde despues
    deuda dia dias dice dinero dios dolares donde dos ella ellas ellos enfermo enlace entra entrar entre envia enviar
    envie era eres esa ese eso espera esta estaba estafa estafador estamos estan estar este esto estos estoy estuvo
    euros exige expira expirada factura falsa falso fue fuera ganador ganar ganaste gano gran gratis gratuita gratuito
    hace hacer haga hasta hecho herencia hijo hora hoy idiota ilegal imbecil informacion ingresa ingresar ingrese
    invertir investigacion jamas jefe juez juicio justicia ladron las les ley libre linea llama llamada llamar llame
    llega lleva los loteria luego lugar mal malo mas mata matar medicamento medicina medico mejor menos mensaje mentira
    mentiroso mes mil millon millones minutos mismo modo morir mucho muchos muerte muerto mujer multa mundo muy nada
    nadie necesita necesito negocio ninguna nos nosotros noticia nuestra nuestro nueva nuevo numero nunca oferta otra
    otro paciente paga pagado pagar pago pague para parte pastillas pedir peligro pero persona podemos policia poner por
    porque premio presta prestamo primero problema producto pronto publicar publicaremos puede puedes puta puto que
    quien quiere quiero recibe recibir reclama reclame reembolso regalo rescate responda responde robar robo saber salud
    sangre secreto seguro sera sexo siempre siguiente sin sitio sobre solo somos son sorteo soy sus suspender suspendida
    suspendido tarde tarjeta tengo tiempo tiene tienen toda todas todo todos trabajo transferencia tus una unas uno unos
    urgente usted ustedes usuario vamos veces vence vencida vendo venta ver verdad verifica verificar verifique vez vida
    violador visita visite vota vuelve ya
"""
_WORDS = frozenset(f"{_ENGLISH} {_SPANISH}".split())
# A word's ending, and what it stands for in the list: suspended, closes, publishing, paying.
_ENDINGS = (
    ("s", ""),
    ("es", ""),
    ("ed", ""),
    ("ed", "e"),
    ("ing", ""),
    ("ing", "e"),
    ("ly", ""),
    ("ies", "y"),
    ("ied", "y"),
)
_MIN_STEM = 3


def is_ordinary(folded: str) -> bool:
    """Whether the folded word, or the word of which it is a form, is an ordinary one."""
    return folded in _WORDS or any(
        f"{folded.removesuffix(ending)}{instead}" in _WORDS
        for ending, instead in _ENDINGS
        if folded.endswith(ending) and len(folded) - len(ending) >= _MIN_STEM
    )
