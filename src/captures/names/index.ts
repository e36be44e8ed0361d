export { createAddressBook, type AddressBook, type AddressOwner } from './addressBook.ts';
export { followNames, type FollowOptions, type LiveNames } from './followNames.ts';
export { readNaming } from './readNaming.ts';
