# SPDX-License-Identifier: MIT
"""Titles that speak of an act without telling it: hopes, questions, history, other people's decisions. A wrong alert matters."""

import pytest

from alerts.facts import reader
from alerts.model import EventType, NewsItem

ALIKE = {EventType.APPROVAL: {EventType.APPROVAL, EventType.LABEL_EXPANSION}}
NOT = {
    EventType.APPROVAL: (
        "Analysts expect FDA approval of ivonescimab next year",
        "What Keytruda's approval in cervical cancer means for patients",
        "One year after approval, Tecelra sales disappoint",
        "FDA approval would make zongertinib the first HER2 lung cancer pill",
        "Merck hopes for EU approval of Welireg by summer",
        "Doctors question accelerated approval of Blenrep",
        "FDA chief vows faster approvals of cancer drugs",
        "Court hears challenge to approval of generic Revlimid",
        "How Imdelltra won approval: the inside story",
        "Following FDA approval, Lynozyfic launches in the US",
        "Patients wait for approval of pancreatic cancer pill daraxonrasib",
        "No approval yet for TIL therapy in Europe as Iovance withdraws application",
        "FDA approves IND for Century's CAR-iNKT in lymphoma",
        "FDA clears Guardant's blood test for colon cancer",
        "Study finds many approved cancer drugs lack survival benefit",
        "AstraZeneca aims for Datroway approval in first-line lung cancer",
        "Approval odds rise for zanidatamab after GEA win",
        "Lilly to buy maker of newly approved leukemia drug",
        "Summit shares jump on approval hopes for ivonescimab",
        "FDA panel backs approval of Darzalex in smoldering myeloma",
        "CHMP recommends approval of Ziihera",
        "Pfizer pulls application for approval of sasanlimab in bladder cancer",
        "NICE approves Enhertu for NHS use",
        "FDA approves protocol change in trial of paxalisib",
        "Shareholders approve merger of Merus and Genmab",
        "Ethics board approves first human trial of mRNA glioma vaccine",
        "Long-term data support approval of Carvykti in earlier myeloma",
        "FDA asks for new trial before approval of RP1",
        "BeOne readies launch of sonrotoclax ahead of approval",
        "Approved in 2019, Enhertu keeps adding uses",
        "Trial tests approved arthritis drug in lymphoma",
        "FDA authorises emergency import of cisplatin amid shortage",
        "Insurers slow to cover newly approved cell therapy Amtagvi",
        "EU approves state aid for Bayer's cell therapy plant",
    ),
    EventType.REJECTION: (
        "FDA rejection of RP1 draws protest from melanoma doctors",
        "Patients rejected for CAR-T trial find hope elsewhere",
        "Merck rejects takeover talk, defends Keytruda pipeline",
        "Body rejects transplanted liver after Opdivo",
        "Judge rejects Amgen's bid to block denosumab biosimilars",
        "After earlier rejection, FDA accepts resubmitted odronextamab application",
        "Replimune rises from rejection with new RP1 filing",
    ),
    EventType.WITHDRAWAL: (
        "Withdrawal of tyrosine kinase inhibitors safe in deep remission, study shows",
        "Genentech pulls ahead in KRAS race with divarasib",
        "Lilly pulls off surprise win with olomorasib",
        "AstraZeneca pulls in $3bn from Tagrisso",
    ),
    EventType.TRIAL_POSITIVE: (
        "Keytruda fails to improve survival in prostate cancer",
        "Wegovy users had fewer cancers, study suggests",
        "Pfizer hopes sigvotatug vedotin will improve survival in lung cancer",
        "Trial to test whether aspirin improves survival in colon cancer",
        "Xtandi did not improve overall survival versus Zytiga",
        "Can Enhertu beat chemo in gastric cancer? Trial begins",
        "Lack of benefit seen with adjuvant Tecentriq",
    ),
    EventType.TRIAL_NEGATIVE: (
        "Trial of shorter Keytruda course fails to show it is worse: non-inferior",
        "After failure of chemo, Enhertu shrinks tumors",
        "Despite setback, Arcus presses on with domvanalimab",
    ),
    EventType.SAFETY: (
        "No new safety signals as Kisqali cuts recurrence at five years",
        "Padcev combo reduces risk of death by 53%",
    ),
    EventType.TRIAL_STOPPED: (
        "Discontinuation of pembrolizumab after two years does not harm survival, study finds",
        "Hold on to your hat: Arcellx's anito-cel shines in myeloma",
    ),
    EventType.DEAL: (
        "Acquired resistance to osimertinib explained",
        "Dealing with side effects of tamoxifen",
    ),
}


@pytest.mark.parametrize(("event", "title"), [(event, title) for event, titles in NOT.items() for title in titles])
def test_what_only_speaks_of_an_act_is_no_news_of_it(event: EventType, title: str) -> None:
    read = reader().read(NewsItem(id="1", title=title)).event.type
    assert read not in ALIKE.get(event, {event})
