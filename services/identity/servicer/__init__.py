"""identity's gRPC methods: protobuf in, domain, protobuf out; a module per service of its protos."""

from duradesk.identity.v1.account_mail_service_pb2_grpc import add_AccountMailServiceServicer_to_server
from duradesk.identity.v1.account_service_pb2_grpc import add_AccountServiceServicer_to_server
from duradesk.identity.v1.identity_service_pb2_grpc import add_IdentityServiceServicer_to_server
from duradesk.identity.v1.invitation_service_pb2_grpc import add_InvitationServiceServicer_to_server
from duradesk.identity.v1.session_service_pb2_grpc import add_SessionServiceServicer_to_server

from services.common.auth import PrincipalSigner
from services.common.database import Database
from services.common.server import Service
from services.identity.devices import Devices
from services.identity.link_tokens import LinkTokens
from services.identity.passwords import Passwords
from services.identity.servicer.account_mails import AccountMailServicer
from services.identity.servicer.accounts import AccountServicer
from services.identity.servicer.identity import IdentityServicer
from services.identity.servicer.invitations import InvitationServicer
from services.identity.servicer.sessions import SessionServicer
from services.identity.sign_in import SignIn
from services.identity.store.account_mails import AccountMailStore
from services.identity.store.api_tokens import ApiTokenStore
from services.identity.store.invitations import InvitationStore
from services.identity.store.sessions import SessionStore
from services.identity.store.sign_ins import SignInStore
from services.identity.store.users import IdentityStore


def servicers(database: Database, *, passwords: Passwords, key: bytes, public_url: str) -> list[Service]:
    """All of identity over this database; `key` is the one that all services share."""
    signer, tokens = PrincipalSigner(key), LinkTokens(key, public_url=public_url)
    # One for both ways of signing in: a guess counts whichever way it takes.
    sign_in = SignIn(SignInStore(database), passwords, Devices(key))
    identity = IdentityServicer(IdentityStore(database), passwords=passwords, signer=signer, sign_in=sign_in)
    sessions = SessionServicer(SessionStore(database), signer=signer, sign_in=sign_in)
    invitations = InvitationServicer(
        InvitationStore(database), SessionStore(database), passwords=passwords, sign_in=sign_in, tokens=tokens
    )
    accounts = AccountServicer(
        IdentityStore(database),
        SessionStore(database),
        ApiTokenStore(database),
        passwords=passwords,
        sign_in=sign_in,
    )
    return [
        (add_IdentityServiceServicer_to_server, identity),
        (add_SessionServiceServicer_to_server, sessions),
        (add_AccountServiceServicer_to_server, accounts),
        (add_InvitationServiceServicer_to_server, invitations),
        (add_AccountMailServiceServicer_to_server, AccountMailServicer(AccountMailStore(database), tokens=tokens)),
    ]
