import type { LanguageRules } from './language-rules.ts';

/** What callers say in Spanish. Written for text without accents, in lower case. */
export const spanish: LanguageRules = {
  shows: {
    hours: [
      /\b(?:horarios?|a que hora|hasta que hora|desde que hora|hasta cuando)\b(?!.{0,30}\bclase)/,
      /\b(?:abren|abierto|abiertos|abierta|cierran|cerrado|cerrados|abre|cierra|estan abiertos)\b/,
    ],
    location: [
      /\b(?:donde (?:estan|esta|queda|quedan|se encuentran|los encuentro|se ubican)|ubicad[oa]s?|ubicacion|direccion|como (?:llego|llegar|se llega|puedo llegar))\b/,
      /\b(?:estacionamiento|estacionar|parqueo|parking|aparcar|aparcamiento)\b/,
    ],
    menu: [
      /\b(?:menu|la carta)\b/,
      /\bque (?:tienen|hay|sirven|venden|ofrecen|otros?|tipos?|clases? de|sabores|pasteles|cafes|bebidas|postres|sandwiches|tes)\b(?!.{0,20}\b(?:promocion|oferta|descuento|suscripcion))/,
    ],
    product: [],
    diet: [
      /\b(?:alergi\w*|gluten|vegan\w*|vegetarian\w*|celiac\w*|lactosa|sin azucar|diabetic\w*|cafeina|nueces|ingredientes|intolerant\w*|calorias|lacteos|kosher|halal)\b/,
    ],
    order: [
      /\b(?:pedido|pedir|ordenar|orden|para llevar|para recoger|recoger|a domicilio|entregan|entrega|reparten|envian|encargar)\b/,
      /\b(?:me (?:da|pone|prepara|aparta|guarda)|quiero|quisiera|deme|pongame) (?:un|una|dos|tres|cuatro|cinco|seis|\d+)\b(?! (?:mesa|persona|mensaje|reembolso|trabajo))/,
    ],
    subscription: [/\bsuscri\w*|\b(?:plan|planes) (?:mensual|semanal|de cafe)\b/],
    cancel: [/\b(?:cancel\w*|anular|dar de baja|pausar|suspender|darme de baja)\b/],
    promotion: [
      /\b(?:promocion\w*|ofertas?|descuentos?|cupon\w*|rebajas?|codigo|gratis|dos por uno|especiales?|en oferta)\b/,
    ],
    booking: [/\b(?:reserv\w*|mesa para|evento|fiesta|catering|boda|clases? de|curso|taller|banquete|grupo de)\b/],
    knowledge: [
      /\b(?:wifi|internet|perros?|mascotas?|tarjetas? de regalo|puntos|terraza|afuera|silla de ruedas|banos?|musica|grupo|banda|organico|de donde (?:es|viene|vienen)|pagar|efectivo|tarjeta de credito|muelen|moler|perdi|olvide|deje mi|saben (?:si|quien|cuando)|quien)\b/,
    ],
    jobs: [/\b(?:empleo|trabajo|trabajar|contratan\w*|vacantes?|curriculum|solicitud|puesto|baristas)\b/],
    complaint: [
      /\b(?:queja|quejar\w*|reembolso|devuelvan|devolver el dinero|mi dinero|me cobraron|cobraron (?:dos|de mas)|equivocad\w*|frio|molest[oa]|enojad\w*|pesimo|horrible|mal servicio|maleducad\w*|groser\w*|decepcion\w*|inaceptable|verguenza|tarde y)\b/,
    ],
    transfer: [
      /\b(?:hablar|hablo|comunic\w*|platicar) con (?:un |una |el |la |algun |alguna )?(?:persona|alguien|humano|encargad[oa]|gerente|duen[oa]|empleado|agente|operador\w*|representante|supervisor\w*)\b/,
      /\b(?:paseme|pasarme|comuniqueme|transfierame|me (?:puede )?(?:pasa|pasar|comunica|comunicar|transfiere)|pongame) con\b|^(?:agente|operadora?|representante|persona|un humano)(?: por favor)?$/,
    ],
    voicemail: [/\b(?:dejar|dejo|dejarle|grabar) (?:un |le un )?(?:mensaje|recado)\b|\bbuzon de voz\b/],
    callback: [
      /\b(?:devol\w+ la llamada|llamenme|llameme|me (?:pueden |puede |podrian |podria )?(?:llaman?|llamen?|llamar|devolver|devuelven)(?: de vuelta| luego| mas tarde| despues| la llamada)|que me llamen|regresar la llamada|regresenme la llamada)\b/,
    ],
    language: [
      /\b(?:habla(?:n|s)?|atiend\w*|atender|hable|en) (?:usted |ustedes |me )?(?:en )?(?:espanol|castellano|ingles)\b|^(?:en )?espanol\b/,
    ],
    goodbye: [
      /\b(?:adios|hasta luego|hasta pronto|hasta manana|chao|chau|nos vemos|buenas noches|que (?:tenga|pase) (?:un )?buen|eso es todo|es todo|seria todo)\b/,
    ],
  },
  price: /\b(?:cuanto (?:cuesta|cuestan|vale|valen|es|sale|cobran)|que precio|precios?|a como)\b/,
  about: /\b(?:tamanos?|que (?:lleva|lleva el|trae|contiene|es el|es un|es la)|como es|de que es)\b/,
  has: /\b(?:tienen|tiene|venden|hay|queda|quedan)\b/,
  yes: /^(?:(?:bueno|ah|pues|ok),? )*(?:si|claro|por favor|de acuerdo|esta bien|vale|ok|perfecto|bueno)\b/,
  no: /\b(?:no|nada|nunca)\b/,
};
