# Runs the suite's own program, wstest, on Python 2.7:
#
#   wstest.py cases | version | OPTIONS OF wstest
#
# It is the unchanged suite, but for two things that have nothing to do with what it judges:
# - its server listens on the loopback only, not on every address, and on any free port, which it prints;
# - whoever ends it early gets a report of what has been run so far.
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

import autobahntestsuite.choosereactor  # First, or Twisted chooses for itself.
from twisted.internet import reactor
from autobahntestsuite.fuzzing import FuzzingFactory

listen_tcp = reactor.listenTCP


def listen_on_loopback(port, factory, backlog=50, interface=''):
    listening = listen_tcp(0, factory, backlog, '127.0.0.1')
    # The suite holds the Host header against this.
    factory.externalPort = listening.getHost().port
    print('listening on ws://127.0.0.1:%d/' % factory.externalPort)
    return listening


reactor.listenTCP = listen_on_loopback

# Those who make reports, and hold results that are in none yet.
unreported = set()
log_case = FuzzingFactory.__dict__['logCase']
create_reports = FuzzingFactory.__dict__['createReports']


def log_case_and_note(self, result):
    unreported.add(self)
    log_case(self, result)


def create_reports_and_note(self):
    unreported.discard(self)
    create_reports(self)


def report_the_rest():
    for factory in list(unreported):
        factory.createReports()


FuzzingFactory.logCase = log_case_and_note
FuzzingFactory.createReports = create_reports_and_note
reactor.addSystemEventTrigger('before', 'shutdown', report_the_rest)

from autobahntestsuite.wstest import run
run()
