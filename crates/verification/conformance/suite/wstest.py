# Runs the suite's own program, wstest, on Python 2.7:
#
#   wstest.py cases | version | OPTIONS OF wstest
#
# The suite is unchanged except for two things that do not affect its verdicts:
# - its server listens only on the loopback interface, and on a free port, which it prints;
# - if it is stopped early, it reports the cases that have finished.
import os
import site
import sys

here = os.path.dirname(os.path.abspath(__file__))
site.addsitedir(os.path.join(here, 'packages'))

if sys.argv[1:] == ['cases']:
    from autobahntestsuite.case import Cases
    for case in Cases:
        print('.'.join(case.__name__[len('Case'):].split('_')))
    sys.exit()

if sys.argv[1:] == ['version']:
    import autobahntestsuite
    print(autobahntestsuite.version)
    sys.exit()

import autobahntestsuite.choosereactor  # Must come first. Otherwise Twisted chooses a reactor.
from twisted.internet import reactor
from autobahntestsuite.fuzzing import FuzzingFactory

listen_tcp = reactor.listenTCP


def listen_on_loopback(port, factory, backlog=50, interface=''):
    listening = listen_tcp(0, factory, backlog, '127.0.0.1')
    # The suite compares the Host header with this.
    factory.externalPort = listening.getHost().port
    print('listening on ws://127.0.0.1:%d/' % factory.externalPort)
    return listening


reactor.listenTCP = listen_on_loopback

# The factories with results that are not in a report yet.
unreported = set()
log_case = FuzzingFactory.__dict__['logCase']
create_reports = FuzzingFactory.__dict__['createReports']


def log_case_and_record(self, result):
    unreported.add(self)
    log_case(self, result)


def create_reports_and_record(self):
    unreported.discard(self)
    create_reports(self)


def report_the_rest():
    for factory in list(unreported):
        factory.createReports()


FuzzingFactory.logCase = log_case_and_record
FuzzingFactory.createReports = create_reports_and_record
reactor.addSystemEventTrigger('before', 'shutdown', report_the_rest)

from autobahntestsuite.wstest import run
run()
