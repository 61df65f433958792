"""Words the checks of memos look for, folded as `storage/folding.py` does, in the five languages."""

from __future__ import annotations

from storage.folding import fold


def _folded(text: str) -> tuple[str, ...]:
    return tuple(fold(each) for each in text.split(","))


SHORT = frozenset(_folded(
    "the,of,for,and,in,on,to,a,an,de,du,des,la,le,les,l,d,et,en,pour,aux,au,del,el,los,las,y,para,ve,için,من,في,و,"
    "على,مع"
))  # fmt: skip
"""Words that names of bodies are compared without."""
LINKS = frozenset(_folded("of,from,for,de,du,des,d,del,من,عن,في"))
STRONG = frozenset(_folded(
    "delegate,delegates,delegation,representative,representatives,ambassador,minister,spokesperson,envoy,"
    "délégué,déléguée,délégués,déléguées,délégation,représentant,représentante,représentants,représentantes,"
    "ambassadeur,ambassadrice,ministre,"
    "delegado,delegada,delegados,delegadas,delegación,representante,representantes,embajador,embajadora,ministro,"
    "ministra,portavoz,"
    "مندوب,مندوبة,مندوبو,مندوبي,ممثل,ممثلة,ممثلو,ممثلي,وفد,سفير,سفيرة,وزير,وزيرة"
))  # fmt: skip
"""What somebody speaks as: with "of" after it, it tells who spoke."""
WEAK = frozenset(_folded(
    "participant,participants,colleague,colleagues,speaker,speakers,expert,experts,official,officials,officer,member,"
    "collègue,collègues,intervenant,intervenante,intervenants,experte,expertes,fonctionnaire,participante,"
    "participantes,colega,colegas,ponente,ponentes,experto,experta,expertos,funcionario,funcionaria,"
    "مشارك,مشاركة,زميل,زميلة,خبير,خبيرة,متحدث,متحدثة,مسؤول,مسؤولة"
))  # fmt: skip
"""What many are: only with a name after it does it tell who spoke."""
TURKISH = _folded("temsilcisi,temsilcileri,delegesi,delegeleri,delegasyonu,heyeti,büyükelçisi,sözcüsü,yetkilisi")
"""Turkish says it the other way round, and puts endings on it: the beginning of the word is compared."""
TURKISH_WEAK = _folded("katılımcısı,katılımcıları,uzmanı,konuşmacısı,bakanı,bakanlığı")
TITLES = frozenset(
    _folded("mr,mrs,ms,dr,prof,professor,m,mme,mlle,sr,sra,don,doña,bay,bayan,sayın,السيد,السيدة,الدكتور,الدكتورة")
)
"""After one of them a single part of a name is enough."""
PARTS: dict[str, tuple[str, ...]] = {
    "purpose": _folded(
        "purpose,aim,aims,objective,objectives,objet,objectif,objectifs,but,finalité,amaç,amacı,amaçlar,"
        "الغرض,الهدف,الأهداف,objetivo,objetivos,propósito,finalidad,objeto"
    ),
    "points": _folded(
        "main points,key points,main messages,key messages,main findings,discussion,points principaux,"
        "principaux points,points essentiels,points clés,messages clés,discussions,ana noktalar,başlıca noktalar,"
        "temel noktalar,öne çıkan noktalar,ana hususlar,öne çıkanlar,النقاط الرئيسية,أهم النقاط,أبرز النقاط,المناقشة,"
        "puntos principales,principales puntos,puntos clave,ideas principales,mensajes clave,debate"
    ),
    "lessons": _folded(
        "lessons,takeaways,what we learned,what we learnt,enseignements,leçons,dersler,çıkarılan dersler,"
        "alınan dersler,الدروس,دروس,الدروس المستفادة,lecciones,enseñanzas,aprendizajes"
    ),
    "questions": _folded(
        "open questions,outstanding questions,open issues,questions ouvertes,questions en suspens,points ouverts,"
        "açık sorular,yanıt bekleyen sorular,cevap bekleyen sorular,açık konular,الأسئلة المفتوحة,أسئلة مفتوحة,"
        "الأسئلة المعلقة,أسئلة معلقة,القضايا العالقة,preguntas abiertas,cuestiones abiertas,cuestiones pendientes,"
        "preguntas pendientes"
    ),
    "next": _folded(
        "next steps,follow up,followup,way forward,action points,actions,prochaines étapes,étapes suivantes,suites,"
        "suivi,sonraki adımlar,gelecek adımlar,atılacak adımlar,izlenecek adımlar,الخطوات التالية,الخطوات القادمة,"
        "الخطوات المقبلة,المتابعة,próximos pasos,siguientes pasos,seguimiento"
    ),
    "resources": _folded(
        "resources,references,further reading,documents,links,sources,ressources,références,pour aller plus loin,"
        "kaynaklar,belgeler,kaynakça,الموارد,المراجع,المصادر,الوثائق,recursos,referencias,documentos,enlaces,fuentes"
    ),
}
"""The six parts of a memo (domain 3.4) and what their headings are called."""
