import type { Line } from '../../machines/call-events.ts';

type Words = Readonly<Record<'en' | 'es' | 'fr', string>>;

/**
 * Every sentence that Aida itself says, in every language that it speaks. `{name}` and the like are filled in. A
 * sentence whose only placeholder is the store's name is prepared as audio; the others are spoken by the carrier.
 * The English ones are a contract: tests hold them word for word.
 */
export const lineTable = {
  // In the conversation.
  greeting: {
    en: 'Thank you for calling {name}. How can I help you?',
    es: 'Gracias por llamar a {name}. ¿En qué puedo ayudarle?',
    fr: 'Merci d’avoir appelé {name}. Comment puis-je vous aider ?',
  },
  bridging: {
    en: 'Sorry about that, the line broke for a moment.',
    es: 'Disculpe, la línea se cortó un momento.',
    fr: 'Excusez-moi, la ligne a été coupée un instant.',
  },
  moment: {
    en: 'One moment, please.',
    es: 'Un momento, por favor.',
    fr: 'Un instant, s’il vous plaît.',
  },
  stillThere: {
    en: 'Are you still there?',
    es: '¿Sigue usted ahí?',
    fr: 'Êtes-vous toujours là ?',
  },
  goodbye: {
    en: 'I cannot hear you, so I will hang up now. Thank you for calling. Goodbye.',
    es: 'No le oigo, así que voy a colgar. Gracias por llamar. Adiós.',
    fr: 'Je ne vous entends pas, je vais donc raccrocher. Merci de votre appel. Au revoir.',
  },
  nearlyOver: {
    en: 'We have about a minute left in this call.',
    es: 'Nos queda aproximadamente un minuto de llamada.',
    fr: 'Il nous reste environ une minute pour cet appel.',
  },
  timeIsUp: {
    en: 'Our time for this call is over. Please call again if you need more. Thank you for calling. Goodbye.',
    es: 'Se ha terminado el tiempo de esta llamada. Vuelva a llamar si necesita algo más. Gracias por llamar. Adiós.',
    fr: 'Le temps de cet appel est écoulé. Rappelez-nous si besoin. Merci de votre appel. Au revoir.',
  },
  connecting: {
    en: 'Somebody on our staff is free now. I will put you through.',
    es: 'Alguien de nuestro personal ya está libre. Le paso la llamada.',
    fr: 'Quelqu’un de notre équipe vient de se libérer. Je vous mets en relation.',
  },
  stillInLine: {
    en: 'You are still in line. I will put you through as soon as somebody is free.',
    es: 'Sigue usted en la fila. Le pasaré la llamada en cuanto alguien esté libre.',
    fr: 'Vous êtes toujours dans la file. Je vous mettrai en relation dès que quelqu’un sera libre.',
  },
  holding: {
    en: 'One moment please, I am still on it.',
    es: 'Un momento, por favor, sigo en ello.',
    fr: 'Un instant, s’il vous plaît, je m’en occupe encore.',
  },
  withdrawn: {
    en: "I'm sorry, that did not work just now. Can I help you with anything else, or shall I try again?",
    es: 'Lo siento, no ha funcionado. ¿Puedo ayudarle en otra cosa o lo intento de nuevo?',
    fr: 'Je suis désolée, cela n’a pas fonctionné. Puis-je vous aider autrement, ou dois-je réessayer ?',
  },

  // Where no conversation can be had.
  busy: {
    en: "I'm sorry, all our lines are busy right now.",
    es: 'Lo siento, todas nuestras líneas están ocupadas en este momento.',
    fr: 'Je suis désolée, toutes nos lignes sont occupées en ce moment.',
  },
  trouble: {
    en: "I'm sorry, we are having technical trouble right now.",
    es: 'Lo siento, tenemos problemas técnicos en este momento.',
    fr: 'Je suis désolée, nous avons un problème technique en ce moment.',
  },
  tooMany: {
    en: "I'm sorry, there were many calls from your number just now, and we cannot take another one yet.",
    es: 'Lo siento, hemos recibido muchas llamadas de su número y todavía no podemos atender otra.',
    fr: 'Je suis désolée, nous avons reçu beaucoup d’appels de votre numéro et ne pouvons pas encore en prendre un autre.',
  },
  closed: {
    en: "I'm sorry, we cannot take your call right now.",
    es: 'Lo siento, no podemos atender su llamada en este momento.',
    fr: 'Je suis désolée, nous ne pouvons pas prendre votre appel en ce moment.',
  },
  noAssistant: {
    en: 'Our assistant is not available at the moment.',
    es: 'Nuestro asistente no está disponible en este momento.',
    fr: 'Notre assistant n’est pas disponible pour le moment.',
  },
  farewell: {
    en: 'Thank you for calling. Goodbye.',
    es: 'Gracias por llamar. Adiós.',
    fr: 'Merci de votre appel. Au revoir.',
  },

  // Staff.
  holdForStaff: {
    en: 'Please hold while I connect you with our staff.',
    es: 'No cuelgue, por favor, le comunico con nuestro personal.',
    fr: 'Ne quittez pas, je vous mets en relation avec notre équipe.',
  },
  noStaff: {
    en: "I'm sorry, nobody could take your call right now.",
    es: 'Lo siento, nadie ha podido atender su llamada.',
    fr: 'Je suis désolée, personne n’a pu prendre votre appel.',
  },
  staffUnavailable: {
    en: "I'm sorry, nobody could pick up just now. You are back with me.",
    es: 'Lo siento, nadie ha podido contestar. Vuelve a estar conmigo.',
    fr: 'Je suis désolée, personne n’a pu répondre. Vous êtes de nouveau avec moi.',
  },
  returned: {
    en: 'You are back with me.',
    es: 'Vuelve a estar conmigo.',
    fr: 'Vous êtes de nouveau avec moi.',
  },
  staffBusy: {
    en: "I'm sorry, everybody on our staff is on another call.",
    es: 'Lo siento, todo nuestro personal está atendiendo otras llamadas.',
    fr: 'Je suis désolée, toute notre équipe est déjà en ligne.',
  },
  staffInLine: {
    en: "I'm sorry, everybody on our staff is on another call. You are number {place} in line, and I will put you through when it is your turn.",
    es: 'Lo siento, todo nuestro personal está atendiendo otras llamadas. Usted es el número {place} de la fila y le pasaré la llamada cuando llegue su turno.',
    fr: 'Je suis désolée, toute notre équipe est déjà en ligne. Vous êtes numéro {place} dans la file, je vous mettrai en relation dès que ce sera votre tour.',
  },
  staffAway: {
    en: "I'm sorry, nobody on our staff takes calls at this hour.",
    es: 'Lo siento, nadie de nuestro personal atiende llamadas a esta hora.',
    fr: 'Je suis désolée, personne de notre équipe ne prend d’appels à cette heure.',
  },
  whisperCall: {
    en: 'A call for {name} from {from}.',
    es: 'Una llamada para {name} de {from}.',
    fr: 'Un appel pour {name} de {from}.',
  },
  whisperUnknown: {
    en: 'A call for {name} from a number that is not shown.',
    es: 'Una llamada para {name} de un número oculto.',
    fr: 'Un appel pour {name} d’un numéro masqué.',
  },
  whisperAbout: {
    en: 'It is about: {about}.',
    es: 'Se trata de: {about}.',
    fr: 'Au sujet de : {about}.',
  },
  whisperKeys: {
    en: 'Press 1 to take the call, or 2 to decline.',
    es: 'Pulse 1 para atender la llamada o 2 para rechazarla.',
    fr: 'Appuyez sur 1 pour prendre l’appel, ou sur 2 pour le refuser.',
  },

  // Messages.
  leaveMessage: {
    en: 'Please leave a message after the tone, and press the pound key when you are done.',
    es: 'Deje su mensaje después de la señal y pulse la tecla numeral cuando termine.',
    fr: 'Laissez un message après le signal, puis appuyez sur la touche dièse.',
  },
  messageAgain: {
    en: 'I did not hear you. Please leave your message after the tone, and press the pound key when you are done.',
    es: 'No le he oído. Deje su mensaje después de la señal y pulse la tecla numeral cuando termine.',
    fr: 'Je ne vous ai pas entendu. Laissez votre message après le signal, puis appuyez sur la touche dièse.',
  },
  messageTaken: {
    en: 'Thank you, we have your message. Goodbye.',
    es: 'Gracias, hemos recibido su mensaje. Adiós.',
    fr: 'Merci, nous avons bien votre message. Au revoir.',
  },
  noMessage: {
    en: 'I did not hear a message. Goodbye.',
    es: 'No he oído ningún mensaje. Adiós.',
    fr: 'Je n’ai pas entendu de message. Au revoir.',
  },
  review: {
    en: 'To send your message, press 1. To record it again, press 2. To speak with our staff, press 0.',
    es: 'Para enviar su mensaje, pulse 1. Para grabarlo de nuevo, pulse 2. Para hablar con nuestro personal, pulse 0.',
    fr: 'Pour envoyer votre message, appuyez sur 1. Pour le refaire, appuyez sur 2. Pour parler à notre équipe, appuyez sur 0.',
  },
  recorded: {
    en: 'This call may be recorded.',
    es: 'Esta llamada puede ser grabada.',
    fr: 'Cet appel peut être enregistré.',
  },

  // The keypad menu.
  welcome: {
    en: 'Thank you for calling {name}.',
    es: 'Gracias por llamar a {name}.',
    fr: 'Merci d’avoir appelé {name}.',
  },
  notUnderstood: {
    en: "I'm sorry, I did not understand that.",
    es: 'Lo siento, no lo he entendido.',
    fr: 'Je suis désolée, je n’ai pas compris.',
  },
  menuHours: {
    en: 'Press 1 for our opening hours and our address.',
    es: 'Pulse 1 para conocer nuestro horario y nuestra dirección.',
    fr: 'Appuyez sur 1 pour nos horaires et notre adresse.',
  },
  menuStaff: {
    en: 'Press 2 to speak with our staff.',
    es: 'Pulse 2 para hablar con nuestro personal.',
    fr: 'Appuyez sur 2 pour parler à notre équipe.',
  },
  menuMessage: {
    en: 'Press 3 to leave a message.',
    es: 'Pulse 3 para dejar un mensaje.',
    fr: 'Appuyez sur 3 pour laisser un message.',
  },
  menuHighlights: {
    en: 'Press 4 for our menu.',
    es: 'Pulse 4 para conocer nuestra carta.',
    fr: 'Appuyez sur 4 pour notre carte.',
  },
  menuPromotion: {
    en: 'Press 5 for our current promotion.',
    es: 'Pulse 5 para conocer nuestra promoción actual.',
    fr: 'Appuyez sur 5 pour notre promotion en cours.',
  },
  menuPlans: {
    en: 'Press 6 for our subscriptions.',
    es: 'Pulse 6 para conocer nuestras suscripciones.',
    fr: 'Appuyez sur 6 pour nos abonnements.',
  },
  menuAgain: {
    en: 'Press 9 to hear this again.',
    es: 'Pulse 9 para escuchar esto de nuevo.',
    fr: 'Appuyez sur 9 pour réécouter ce menu.',
  },
  address: {
    en: 'You find us at {address}.',
    es: 'Nos encuentra en {address}.',
    fr: 'Vous nous trouvez au {address}.',
  },
  hoursUnknown: {
    en: "I'm sorry, I do not have our opening hours at hand.",
    es: 'Lo siento, no tengo a mano nuestro horario.',
    fr: 'Je suis désolée, je n’ai pas nos horaires sous la main.',
  },
  menuUnknown: {
    en: "I'm sorry, I do not have our menu at hand.",
    es: 'Lo siento, no tengo a mano nuestra carta.',
    fr: 'Je suis désolée, je n’ai pas notre carte sous la main.',
  },
  menuItemFrom: {
    en: '{item} from {price}',
    es: '{item} desde {price}',
    fr: '{item} à partir de {price}',
  },
  promotionCode: {
    en: 'The code is {code}.',
    es: 'El código es {code}.',
    fr: 'Le code est {code}.',
  },
  noPromotion: {
    en: 'There is no promotion at the moment.',
    es: 'No hay ninguna promoción en este momento.',
    fr: 'Il n’y a pas de promotion en ce moment.',
  },
  soldOut: {
    en: '{promotion} is sold out.',
    es: '{promotion} está agotado.',
    fr: '{promotion} est épuisé.',
  },
  noPlans: {
    en: 'We have no subscriptions at the moment.',
    es: 'No tenemos suscripciones en este momento.',
    fr: 'Nous n’avons pas d’abonnement en ce moment.',
  },

  // Opening hours: `when` is a time with its day.
  openAlways: {
    en: "We're open around the clock.",
    es: 'Estamos abiertos las veinticuatro horas.',
    fr: 'Nous sommes ouverts jour et nuit.',
  },
  openUntil: {
    en: "We're open until {when}.",
    es: 'Estamos abiertos hasta {when}.',
    fr: 'Nous sommes ouverts jusqu’à {when}.',
  },
  closedNow: {
    en: "We're currently closed.",
    es: 'En este momento estamos cerrados.',
    fr: 'Nous sommes actuellement fermés.',
  },
  closedToday: {
    en: "We're closed today.",
    es: 'Hoy estamos cerrados.',
    fr: 'Nous sommes fermés aujourd’hui.',
  },
  closedFor: {
    en: "We're closed today for {reason}.",
    es: 'Hoy estamos cerrados por {reason}.',
    fr: 'Nous sommes fermés aujourd’hui pour {reason}.',
  },
  opensAt: {
    en: 'We open at {when}.',
    es: 'Abrimos a {when}.',
    fr: 'Nous ouvrons à {when}.',
  },

  // The waiting room.
  waitBack: {
    en: 'One moment please, we will be right back with you.',
    es: 'Un momento, por favor, enseguida volvemos con usted.',
    fr: 'Un instant, s’il vous plaît, nous revenons vers vous.',
  },
  waitBusy: {
    en: 'All our lines are busy right now.',
    es: 'Todas nuestras líneas están ocupadas en este momento.',
    fr: 'Toutes nos lignes sont occupées en ce moment.',
  },
  waitNext: {
    en: 'You are next in line.',
    es: 'Usted es el siguiente.',
    fr: 'Vous êtes le prochain.',
  },
  waitPosition: {
    en: 'You are number {position} in line.',
    es: 'Usted es el número {position} en la espera.',
    fr: 'Vous êtes le numéro {position} dans la file.',
  },
  waitAboutMinute: {
    en: 'It should take about a minute.',
    es: 'Debería tardar alrededor de un minuto.',
    fr: 'Cela devrait prendre environ une minute.',
  },
  waitAboutMinutes: {
    en: 'It should take about {minutes} minutes.',
    es: 'Debería tardar unos {minutes} minutos.',
    fr: 'Cela devrait prendre environ {minutes} minutes.',
  },
  waitHalfHour: {
    en: 'It may take more than half an hour.',
    es: 'Puede tardar más de media hora.',
    fr: 'Cela peut prendre plus d’une demi-heure.',
  },
  waitLong: {
    en: "I'm sorry that you have to wait so long.",
    es: 'Siento que tenga que esperar tanto.',
    fr: 'Je suis désolée de cette longue attente.',
  },
  waitMessage: {
    en: 'Press 1 to leave a message.',
    es: 'Pulse 1 para dejar un mensaje.',
    fr: 'Appuyez sur 1 pour laisser un message.',
  },
  waitCallback: {
    en: 'Press 2, and we will call you back {callback}.',
    es: 'Pulse 2 y le devolveremos la llamada {callback}.',
    fr: 'Appuyez sur 2 et nous vous rappellerons {callback}.',
  },
  waitStaff: {
    en: 'Press 0 to speak with our staff.',
    es: 'Pulse 0 para hablar con nuestro personal.',
    fr: 'Appuyez sur 0 pour parler à notre équipe.',
  },
  waitHold: {
    en: 'Or hold the line and keep your place.',
    es: 'O espere en línea y conserve su lugar.',
    fr: 'Ou restez en ligne et gardez votre place.',
  },
  willCall: {
    en: 'Thank you. We will call you back {callback}, at the number that you are calling from. Goodbye.',
    es: 'Gracias. Le llamaremos {callback} al número desde el que llama. Adiós.',
    fr: 'Merci. Nous vous rappellerons {callback} au numéro d’où vous appelez. Au revoir.',
  },
} as const satisfies Record<Line, Words> & Record<string, Words>;
